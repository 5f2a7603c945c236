import { activationPatching, type PatchEffect, type PatchingRecord } from '@induction-lab/core/node';
import type { Host, MeasuringTask } from '../aside/host.ts';
import { patchColumns } from '../terminal/headings.ts';
import { measureWords } from '../terminal/measureWords.ts';
import { estimateCells, explainedTable, NONE, signedNumber, wrapped } from '../terminal/textTable.ts';
import { type AnalysisOptions, analyse } from './analysis.ts';
import { patchEdgesCommand } from './patchEdgesCommand.ts';
import { type Origin, type PatchedOnOptions, patchedHead, patchedOn } from './patchedOn.ts';

export interface PatchCommandOptions extends AnalysisOptions, PatchedOnOptions {
  hook: string;
  byPosition?: boolean;
  integrationSteps?: number;
  /** The right answer and the wrong one, with | between them: then the pair are texts. */
  answers?: string;
  /** Edges between heads instead of activations. */
  edges?: boolean;
  seed: number;
}

type Patched = Origin & PatchingRecord;

/** `induction-lab patch`: activations, or edges, of a clean run put into a corrupted one, and how much comes back. */
export const patchCommand = async (task: MeasuringTask<PatchCommandOptions>, host: Host): Promise<void> => {
  const { answers } = task.options;
  if (answers !== undefined)
    return (await import('./patchTextCommand.ts')).patchTextCommand(
      { ...task, options: { ...task.options, answers } },
      host,
    );
  const { hook, byPosition = false, integrationSteps, measure, edges = false } = task.options;
  const on = patchedOn(task.options);
  if (edges) return patchEdgesCommand(task, host, on);
  const asked = {
    ...(measure === undefined ? {} : { measure }),
    ...(integrationSteps === undefined ? {} : { integrationSteps }),
  };
  return analyse(task, host, {
    measure: (model, onProgress): Patched => {
      const { pair, origin } = on.of(model);
      return { ...origin, ...activationPatching(model, pair, { hooks: hook, byPosition, ...asked, onProgress }) };
    },
    source: on.source,
    text: (record, _, columns) => patchedText(record, columns),
    figures: async (record) => {
      if (record.doesNotApply) return {};
      return (await import('../figures/patchingFigures.ts')).patchingFigures('model: what patching restores', record);
    },
  });
};

/** Effects at single positions worth a line of text; the figure has them all. */
const SHOWN = 0.05;

function patchedText(record: Patched, columns: number): string[] {
  const { name } = measureWords(record, { repeats: false });
  const head = patchedHead(record);
  if (record.doesNotApply) return [...head, record.doesNotApply];
  const { effects, joint = [] } = record;
  const integrated = record.integrationSteps !== undefined;
  const severalHooks = new Set(effects.map(({ hook }) => kindOf(hook))).size > 1;
  const named = ({ hook, label }: Pick<PatchEffect, 'hook' | 'label'>): string =>
    severalHooks ? `${label} ${kindOf(hook)}` : label;
  const rows = [
    ...effects
      .filter(({ position, effect }) => position === null || Math.abs(effect.value) >= SHOWN)
      .map((site) => [
        named(site),
        site.position === null ? 'all' : String(site.position),
        ...estimateCells(site.effect),
        signedNumber(site.control),
        signedNumber(site.attributed),
        ...(integrated ? [signedNumber(site.integrated)] : []),
      ]),
    ...joint.map((whole) => [
      `all ${named(whole)}`,
      'all',
      ...estimateCells(whole.effect),
      ...[NONE, NONE, signedNumber(whole.integrated)],
    ]),
  ];
  const left = effects.some(({ position }) => position !== null)
    ? wrapped(`Single positions below ${SHOWN} are left out here; --json has them.`, columns)
    : [];
  return [...head, ...explainedTable(patchColumns(name, { integrated }), rows, { columns }), ...left];
}

/** The hook's name without its layer. */
const kindOf = (hook: string): string => hook.replace(/^blocks\.\d+\./, '');
