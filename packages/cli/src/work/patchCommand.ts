import {
  activationPatching,
  type Corruption,
  corruptedPair,
  type Model,
  type PatchingRecord,
  type PromptPair,
  periodToCorrupt,
  quoted,
} from '@induction-lab/core/node';
import type { Host, MeasuringTask } from '../aside/host.ts';
import { badInput } from '../errors.ts';
import { PATCH } from '../terminal/headings.ts';
import { estimateCells, explainedTable, plainNumber, signedNumber, wrapped } from '../terminal/textTable.ts';
import { type AnalysisOptions, analyse } from './analysis.ts';

export interface PatchCommandOptions extends AnalysisOptions {
  corruption: Corruption;
  hook: string;
  byPosition?: boolean;
  period?: number;
  clean?: string;
  corrupted?: string;
  sequences: number;
}

interface Patched extends PatchingRecord {
  readonly corruption: Corruption | 'given prompts';
  readonly period: number | null;
}

/** `induction-lab patch`: activations of a clean run put into a corrupted one, and how much comes back. */
export const patchCommand = (task: MeasuringTask<PatchCommandOptions>, host: Host): Promise<void> => {
  const { options } = task;
  const prompts = givenPrompts(options); // refused before the checkpoint is read
  return analyse(task, host, {
    measure: (model, onProgress): Patched => {
      const { pair, ...how } = prompts ?? drawnPair(model, options);
      const { hook, byPosition = false } = options;
      return { ...how, ...activationPatching(model, pair, { hooks: hook, byPosition, onProgress }) };
    },
    text: (record, _, columns) => patchedText(record, columns),
    figures: async (record) => {
      if (record.doesNotApply) return {};
      return (await import('../figures/circuitFigures.ts')).patchingFigures('model: what patching restores', record);
    },
  });
};

interface Chosen {
  readonly pair: PromptPair;
  readonly corruption: Patched['corruption'];
  readonly period: number | null;
}

/** The pair that the user wrote; null without one. */
function givenPrompts({ clean, corrupted }: PatchCommandOptions): Chosen | null {
  if ((clean === undefined) !== (corrupted === undefined))
    throw badInput('--clean and --corrupted make a pair; give both, or neither and a --corruption.');
  if (clean === undefined || corrupted === undefined) return null;
  const [a, b] = [tokensOf(clean, '--clean'), tokensOf(corrupted, '--corrupted')];
  if (a.length < 2) throw badInput('--clean needs at least two tokens: the last one is what is predicted.');
  return {
    pair: { clean: [a], corrupted: [b], queries: [a.length - 2, a.length - 1] },
    corruption: 'given prompts',
    period: null,
  };
}

function drawnPair(model: Model, { period, corruption, sequences, seed }: PatchCommandOptions): Chosen {
  const { config } = model;
  const longest = Math.floor(config.nCtx / 2);
  if (period !== undefined && period > longest)
    throw badInput(
      `--period ${period} is too long: two copies must fit the context of ${config.nCtx}; at most ${longest}.`,
    );
  const chosen = period ?? periodToCorrupt(model, corruption, { seed });
  return { pair: corruptedPair({ config, count: sequences, seed }, chosen, corruption), corruption, period: chosen };
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
  const [from, to] = record.queries;
  const what =
    record.corruption === 'given prompts'
      ? 'given prompts, measured at the last token'
      : `${record.corruption}, period ${record.period}, ${record.sequences} sequences, measured at ${to - from === 1 ? `query ${from}` : `queries ${from} to ${to - 1}`}`;
  const head = [
    `Patching from clean to corrupted: ${what}`,
    `loss clean ${plainNumber(record.cleanLoss.value, 3)}, corrupted ${plainNumber(record.corruptedLoss.value, 3)} nats`,
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
  return [...head, ...explainedTable(PATCH, rows, { columns }), ...left];
}
