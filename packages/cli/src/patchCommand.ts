import {
  activationPatching,
  type Corruption,
  corruptedPair,
  type Model,
  type PatchingRecord,
  type PromptPair,
  periodToCorrupt,
} from '@induction-lab/core/node';
import { type AnalysisOptions, analyse } from './analysis.ts';
import { badInput } from './errors.ts';
import { estimateCells, signedNumber, textTable } from './textTable.ts';

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
export const patchCommand = (checkpoint: string, options: PatchCommandOptions): Promise<void> =>
  analyse(checkpoint, options, {
    measure: (model): Patched => {
      const { pair, ...how } = choosePair(model, options);
      const { hook, byPosition = false } = options;
      return { ...how, ...activationPatching(model, pair, { hooks: hook, byPosition }) };
    },
    text: patchedText,
    figures: async (record) => {
      if (record.doesNotApply) return {};
      return (await import('./circuitFigures.ts')).patchingFigures(`model: what patching restores`, record);
    },
  });

function choosePair(
  model: Model,
  { clean, corrupted, period, corruption, sequences, seed }: PatchCommandOptions,
): { pair: PromptPair; corruption: Patched['corruption']; period: number | null } {
  if ((clean === undefined) !== (corrupted === undefined))
    throw badInput('--clean and --corrupted make a pair; give both, or neither and a --corruption.');
  if (clean !== undefined && corrupted !== undefined) {
    if (period !== undefined)
      throw badInput('--period belongs to the corruptions; leave it out with --clean and --corrupted.');
    const [a, b] = [tokensOf(clean, '--clean'), tokensOf(corrupted, '--corrupted')];
    if (a.length < 2) throw badInput('--clean needs at least two tokens: the last one is what is predicted.');
    return {
      pair: { clean: [a], corrupted: [b], queries: [a.length - 2, a.length - 1] },
      corruption: 'given prompts',
      period: null,
    };
  }
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
    throw badInput(`${option} must be tokens as whole numbers with spaces or commas between them, got "${text}".`);
  return parts.map(Number);
}

/** Effects at single positions worth a line of text; the figure has them all. */
const SHOWN = 0.05;

function patchedText(record: Patched): string[] {
  const [from, to] = record.queries;
  const what =
    record.corruption === 'given prompts'
      ? 'given prompts, measured at the last token'
      : `${record.corruption}, period ${record.period}, ${record.sequences} sequences, measured at ${to - from === 1 ? `query ${from}` : `queries ${from} to ${to - 1}`}`;
  const head = [
    `Patching from clean to corrupted: ${what}`,
    `loss clean ${record.cleanLoss.value.toFixed(3)}, corrupted ${record.corruptedLoss.value.toFixed(3)} nats`,
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
      control === null ? '–' : signedNumber(control),
      attributed === null ? '–' : signedNumber(attributed),
    ]);
  return [
    ...head,
    ...textTable([['patched', 'position', 'undone', '95 % interval', 'control', 'attributed'], ...rows]),
    '',
    `Undone: (patched − corrupted) / (clean − corrupted) of the loss; 0 restores nothing, 1 everything. Control: the same at the other heads of the layer. Attributed: by gradient × difference.${record.effects.some(({ position }) => position !== null) ? ` Single positions below ${SHOWN} are left out here; --json has them.` : ''}`,
  ];
}
