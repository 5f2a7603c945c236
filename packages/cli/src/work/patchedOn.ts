// What is patched from and into: the twins of a file, a pair that the user wrote, or repeats that are corrupted.

import { quoted } from '@induction-lab/core/internal/printable';
import {
  type Corruption,
  corruptedPair,
  corruptedPrompts,
  type Model,
  type PatchingRecord,
  type PromptPair,
  type Prompts,
  periodToCorrupt,
} from '@induction-lab/core/node';
import { badInput } from '../errors.ts';
import type { MeasuredFile } from '../files/provenance.ts';
import { measureWords } from '../terminal/measureWords.ts';
import { plainNumber } from '../terminal/textTable.ts';
import { type MeasuredOnOptions, measuredOn } from './measuredOn.ts';

export interface PatchedOnOptions extends MeasuredOnOptions {
  readonly sequences: number;
  corruption: Corruption;
  period?: number;
  clean?: string;
  corrupted?: string;
}

/** How the pair came about, as the record says it. */
export interface Origin {
  readonly corruption: Corruption | 'given prompts';
  readonly period: number | null;
}

export interface PatchedOn {
  /** For --json: the file that was measured on, where there is one. */
  readonly source: { readonly prompts?: MeasuredFile };
  /** The pair or the prompts, checked against the model. */
  of(model: Model): { readonly pair: PromptPair | Prompts; readonly origin: Origin };
}

/** Reads the file, and refuses what is wrong with prompts, before any checkpoint is read. */
export function patchedOn(options: PatchedOnOptions): PatchedOn {
  const { source, prompts, of } = measuredOn(options, { twins: true });
  const written = prompts ?? writtenPair(options);
  return {
    source,
    of: (model) => {
      of(model);
      return written ? { pair: written, origin: GIVEN } : drawnPair(model, options);
    },
  };
}

const GIVEN: Origin = { corruption: 'given prompts', period: null };

/** The pair that the user wrote; null without one. */
function writtenPair({ clean, corrupted, measure }: PatchedOnOptions): PromptPair | null {
  if ((clean === undefined) !== (corrupted === undefined))
    throw badInput('--clean and --corrupted make a pair; give both, or neither and a --corruption.');
  if (clean === undefined || corrupted === undefined) return null;
  const [a, b] = [tokensOf(clean, '--clean'), tokensOf(corrupted, '--corrupted')];
  if (a.length < 2) throw badInput('--clean needs at least two tokens: the last one is what is predicted.');
  if (measure === 'logit-diff')
    throw badInput(
      '--measure logit-diff compares two answers, and --clean and --corrupted name one; write the pair with its `wrong` answers into a file for --prompts.',
    );
  return { clean: [a], corrupted: [b], queries: [a.length - 2, a.length - 1] };
}

function drawnPair(
  model: Model,
  { period, corruption, sequences, seed, measure }: PatchedOnOptions,
): ReturnType<PatchedOn['of']> {
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
  return { pair: draw(probe, chosen, corruption), origin: { corruption, period: chosen } };
}

function tokensOf(text: string, option: string): number[] {
  const parts = text.split(/[\s,]+/).filter((part) => part !== '');
  if (parts.length === 0 || !parts.every((part) => /^\d+$/.test(part)))
    throw badInput(
      `${option} must be tokens as whole numbers with spaces or commas between them, got ${quoted(text)}; a text needs --answers "RIGHT|WRONG" beside it.`,
    );
  return parts.map(Number);
}

type PatchedRuns = Origin & Pick<PatchingRecord, 'cleanLoss' | 'corruptedLoss' | 'queries' | 'sequences' | 'measure'>;

/** The lines above a table: what was patched, and the measure of both runs. */
export function patchedHead(record: PatchedRuns): string[] {
  const { name, unit } = measureWords(record, { repeats: false });
  return [
    `Patching from clean to corrupted: ${whatOf(record)}`,
    `${name} clean ${plainNumber(record.cleanLoss.value, 3)}, corrupted ${plainNumber(record.corruptedLoss.value, 3)} ${unit}`,
    '',
  ];
}

function whatOf({ corruption, period, sequences, queries, measure }: PatchedRuns): string {
  if (corruption === 'given prompts')
    return measure
      ? `${sequences} given prompts, measured at their queries`
      : 'given prompts, measured at the last token';
  const [from, to] = queries ?? [0, 0]; // all prompts that are drawn have the same ones
  const at = to - from === 1 ? `query ${from}` : `queries ${from} to ${to - 1}`;
  return `${corruption}, period ${period}, ${sequences} sequences, measured at ${at}`;
}
