import {
  activationPatching,
  type Corruption,
  corruptedPair,
  corruptedPrompts,
  type Model,
  type PatchingRecord,
  type PromptPair,
  type Prompts,
  periodToCorrupt,
  quoted,
} from '@induction-lab/core/node';
import type { Host, MeasuringTask } from '../aside/host.ts';
import { badInput } from '../errors.ts';
import { patchColumns } from '../terminal/headings.ts';
import { measureWords } from '../terminal/measureWords.ts';
import { estimateCells, explainedTable, plainNumber, signedNumber, wrapped } from '../terminal/textTable.ts';
import { type AnalysisOptions, analyse } from './analysis.ts';
import { type MeasuredOnOptions, measuredOn } from './measuredOn.ts';

export interface PatchCommandOptions extends AnalysisOptions, MeasuredOnOptions {
  corruption: Corruption;
  hook: string;
  byPosition?: boolean;
  period?: number;
  clean?: string;
  corrupted?: string;
  seed: number;
}

interface Patched extends PatchingRecord {
  readonly corruption: Corruption | 'given prompts';
  readonly period: number | null;
}

/** `induction-lab patch`: activations of a clean run put into a corrupted one, and how much comes back. */
export const patchCommand = (task: MeasuringTask<PatchCommandOptions>, host: Host): Promise<void> => {
  const { options } = task;
  // What is wrong with prompts is refused before the checkpoint is read.
  const on = measuredOn(options, { twins: true });
  const written = writtenPair(options);
  return analyse(task, host, {
    measure: (model, onProgress): Patched => {
      on.of(model);
      const { hook, byPosition = false, measure } = options;
      const { pair, ...how } = chosenFrom(on.prompts) ?? written ?? drawnPair(model, options);
      const asked = measure === undefined ? {} : { measure };
      return { ...how, ...activationPatching(model, pair, { hooks: hook, byPosition, ...asked, onProgress }) };
    },
    source: on.source,
    text: (record, _, columns) => patchedText(record, columns),
    figures: async (record) => {
      if (record.doesNotApply) return {};
      return (await import('../figures/circuitFigures.ts')).patchingFigures('model: what patching restores', record);
    },
  });
};

interface Chosen {
  readonly pair: PromptPair | Prompts;
  readonly corruption: Patched['corruption'];
  readonly period: number | null;
}

const GIVEN = { corruption: 'given prompts', period: null } as const;

const chosenFrom = (prompts: Prompts | null): Chosen | null => prompts && { pair: prompts, ...GIVEN };

/** The pair that the user wrote; null without one. */
function writtenPair({ clean, corrupted, measure }: PatchCommandOptions): Chosen | null {
  if ((clean === undefined) !== (corrupted === undefined))
    throw badInput('--clean and --corrupted make a pair; give both, or neither and a --corruption.');
  if (clean === undefined || corrupted === undefined) return null;
  const [a, b] = [tokensOf(clean, '--clean'), tokensOf(corrupted, '--corrupted')];
  if (a.length < 2) throw badInput('--clean needs at least two tokens: the last one is what is predicted.');
  if (measure === 'logit-diff')
    throw badInput(
      '--measure logit-diff compares two answers, and --clean and --corrupted name one; write the pair with its `wrong` answers into a file for --prompts.',
    );
  return { pair: { clean: [a], corrupted: [b], queries: [a.length - 2, a.length - 1] }, ...GIVEN };
}

function drawnPair(model: Model, { period, corruption, sequences, seed, measure }: PatchCommandOptions): Chosen {
  const { config } = model;
  const longest = Math.floor(config.nCtx / 2);
  if (period !== undefined && period > longest)
    throw badInput(
      `--period ${period} is too long: two copies must fit the context of ${config.nCtx}; at most ${longest}.`,
    );
  const chosen = period ?? periodToCorrupt(model, corruption, { seed });
  const probe = { config, count: sequences, seed };
  // Another measure than the loss may need wrong answers.
  const draw = measure === undefined || measure === 'loss' ? corruptedPair : corruptedPrompts;
  return { pair: draw(probe, chosen, corruption), corruption, period: chosen };
}

function tokensOf(text: string, option: string): number[] {
  const parts = text.split(/[\s,]+/).filter((part) => part !== '');
  if (parts.length === 0 || !parts.every((part) => /^\d+$/.test(part)))
    throw badInput(
      `${option} must be tokens as whole numbers with spaces or commas between them, got ${quoted(text)}.`,
    );
  return parts.map(Number);
}

/** Effects at single positions worth a line of text; the figure has them all. */
const SHOWN = 0.05;

function patchedText(record: Patched, columns: number): string[] {
  const { name, unit } = measureWords(record, { repeats: false });
  const head = [
    `Patching from clean to corrupted: ${whatOf(record)}`,
    `${name} clean ${plainNumber(record.cleanLoss.value, 3)}, corrupted ${plainNumber(record.corruptedLoss.value, 3)} ${unit}`,
    '',
  ];
  if (record.doesNotApply) return [...head, record.doesNotApply];
  const severalHooks = new Set(record.effects.map(({ hook }) => hook.replace(/^blocks\.\d+\./, ''))).size > 1;
  const rows = record.effects
    .filter(({ position, effect }) => position === null || Math.abs(effect.value) >= SHOWN)
    .map(({ hook, label, position, effect, control, attributed }) => [
      severalHooks ? `${label} ${hook.replace(/^blocks\.\d+\./, '')}` : label,
      position === null ? 'all' : String(position),
      ...estimateCells(effect),
      signedNumber(control),
      signedNumber(attributed),
    ]);
  const left = record.effects.some(({ position }) => position !== null)
    ? wrapped(`Single positions below ${SHOWN} are left out here; --json has them.`, columns)
    : [];
  return [...head, ...explainedTable(patchColumns(name), rows, { columns }), ...left];
}

/** What was patched, and where it was measured. */
function whatOf({ corruption, period, sequences, queries, measure }: Patched): string {
  if (corruption === 'given prompts')
    return measure
      ? `${sequences} given prompts, measured at their queries`
      : 'given prompts, measured at the last token';
  const [from, to] = queries ?? [0, 0]; // all prompts that are drawn have the same ones
  const at = to - from === 1 ? `query ${from}` : `queries ${from} to ${to - 1}`;
  return `${corruption}, period ${period}, ${sequences} sequences, measured at ${at}`;
}
