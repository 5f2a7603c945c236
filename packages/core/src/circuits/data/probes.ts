// The sequences that heads and models are probed with: fresh, seeded, and never those of training.
import * as z from 'zod/mini';
import { ArgumentError, checkArgument } from '../../errors/arguments.ts';
import type { ModelConfig } from '../../model/config.ts';
import { RandomStream } from '../../random/randomStream.ts';
import { ANALYSIS_STREAMS, STREAMS } from '../../random/streams.ts';
import { type BlockPlace, fillTokens } from '../../tasks/blocks.ts';
import { checkConfig, checkPeriods, seedSchema, sequencesSchema } from '../checks.ts';
import { analysedLength, longestDistinctPeriod, TooSmallError } from '../lengths.ts';

export interface ProbeOptions {
  readonly config: ModelConfig;
  /** Sequences. */
  readonly count: number;
  readonly seed: number;
  /** Sequences that no choice was made on: repeated probes of their own, to measure what was chosen on the others. */
  readonly heldOut?: boolean;
}

const probeSchema = z.strictObject({
  config: z.any(),
  count: sequencesSchema,
  seed: seedSchema,
  heldOut: z.optional(z.boolean()),
});

/** Throws an ArgumentError unless sequences can be drawn so. */
function checkProbe(caller: string, probe: ProbeOptions, period?: number): void {
  checkArgument(caller, 'probe', probeSchema, probe);
  checkConfig(caller, probe.config);
  if (period !== undefined) checkPeriods(caller, [period], { config: probe.config, least: 1 });
}

function draw(length: number, place: BlockPlace, config: ModelConfig, random: RandomStream): Int32Array {
  const tokens = new Int32Array(length);
  const block = place.period === 0 ? length : place.period;
  fillTokens(tokens, place, { dVocab: config.dVocab, distinct: block <= config.dVocab }, random);
  return tokens;
}

/**
 * A block of `period` tokens and exactly one more copy, from position 0 (three copies would let a divisor of a trained
 * period pass). Tokens of a block differ where the vocabulary allows.
 */
export function repeatedProbe(probe: ProbeOptions, period: number): Int32Array[] {
  checkProbe('repeatedProbe', probe, period);
  const { config, count, seed, heldOut = false } = probe;
  const kind = heldOut ? ANALYSIS_STREAMS.heldOut : ANALYSIS_STREAMS.repeated;
  return Array.from({ length: count }, (_, s) =>
    draw(2 * period, { start: 0, period }, config, new RandomStream(seed, STREAMS.analysis, kind, period, s)),
  );
}

/** The same after a prefix of 1 … nCtx − 2 · period random tokens, one length for the whole probe; null without room. */
export function prefixedProbe(probe: ProbeOptions, period: number): { tokens: Int32Array[]; start: number } | null {
  checkProbe('prefixedProbe', probe, period);
  const { config, count, seed } = probe;
  const room = config.nCtx - 2 * period;
  if (room < 1) return null;
  const start = 1 + new RandomStream(seed, STREAMS.analysis, ANALYSIS_STREAMS.place, period).below(room);
  const tokens = Array.from({ length: count }, (_, s) =>
    draw(
      start + 2 * period,
      { start, period },
      config,
      new RandomStream(seed, STREAMS.analysis, ANALYSIS_STREAMS.prefixed, period, s),
    ),
  );
  return { tokens, start };
}

/**
 * The control: whole contexts without a repeat. All tokens differ where the vocabulary allows; where it is smaller than
 * the context they are drawn with replacement, and the scores on them leave out the cells where content may act
 * (`contentFree`).
 */
export function controlProbe(probe: ProbeOptions): Int32Array[] {
  checkProbe('controlProbe', probe);
  const { config, count, seed } = probe;
  return Array.from({ length: count }, (_, s) =>
    draw(
      config.nCtx,
      { start: 0, period: 0 },
      config,
      new RandomStream(seed, STREAMS.analysis, ANALYSIS_STREAMS.control, s),
    ),
  );
}

/** Length of the block that prefix matching is measured on. */
export const fourfoldBlock = ({ nCtx, dVocab }: ModelConfig): number =>
  Math.max(2, Math.min(Math.floor(nCtx / 4), dVocab));

/** A block of a quarter of the context, or of all tokens where there are fewer, four times. */
export function fourfoldProbe(probe: ProbeOptions): { tokens: Int32Array[]; period: number } {
  checkProbe('fourfoldProbe', probe);
  const { config, count, seed } = probe;
  if (config.nCtx < 8)
    throw new TooSmallError(`fourfoldProbe: a context of ${config.nCtx} has no room for four copies of a block of 2.`);
  const period = fourfoldBlock(config);
  const tokens = Array.from({ length: count }, (_, s) =>
    draw(
      4 * period,
      { start: 0, period },
      config,
      new RandomStream(seed, STREAMS.analysis, ANALYSIS_STREAMS.fourfold, s),
    ),
  );
  return { tokens, period };
}

/** Shortest context that can be audited: two copies of the shortest block of the sweep, and periods enough to tell. */
export const SHORTEST_CONTEXT = 14;

/** Fewest tokens that a vocabulary must have for an audit: as many as the longest block in the shortest context. */
export const SMALLEST_VOCABULARY = 7;

/** Shortest block of a sweep: with two tokens the current and the next one are each other's neighbours on both sides. */
const SHORTEST_PERIOD = 3;

/** At most so many periods are swept; longer contexts are swept at evenly spread ones. */
const MOST_PERIODS = 57;

/**
 * The periods of the sweep: every one from 8 to half the context, and none longer than the vocabulary, so that all tokens
 * of a block can differ. In a short context or a small vocabulary it starts lower, so that about eight remain; in a long
 * one 57 are taken, evenly spread. Throws a TooSmallError when the context is too short to tell a period from its
 * neighbours, or the vocabulary has no block of three different tokens.
 */
export function sweepPeriods(config: ModelConfig, caller = 'audit'): number[] {
  checkConfig(caller, config);
  const { nCtx, dVocab } = config;
  if (nCtx < SHORTEST_CONTEXT)
    throw new TooSmallError(
      `${caller}: a context of ${nCtx} is too short to tell a period from its neighbours; it takes at least ${SHORTEST_CONTEXT}.`,
    );
  if (analysedLength(config) < SHORTEST_CONTEXT)
    throw new TooSmallError(
      `${caller}: memory holds the patterns and gradients of at most ${analysedLength(config)} tokens of this model, and it takes at least ${SHORTEST_CONTEXT}; use a smaller model.`,
    );
  if (dVocab < SHORTEST_PERIOD)
    throw new TooSmallError(
      `${caller}: a vocabulary of ${dVocab} is too small to probe; a block takes at least ${SHORTEST_PERIOD} different tokens.`,
    );
  const longest = longestDistinctPeriod(config);
  const shortest = Math.max(SHORTEST_PERIOD, Math.min(8, longest - 7));
  const all = Array.from({ length: longest - shortest + 1 }, (_, i) => shortest + i);
  return spread(all, MOST_PERIODS);
}

/** Throws a TooSmallError when the vocabulary leaves too few periods to tell induction from a fixed distance. */
export function checkTellable(config: ModelConfig, caller: string): void {
  const periods = sweepPeriods(config, caller);
  if (config.dVocab < SMALLEST_VOCABULARY)
    throw new TooSmallError(
      `${caller}: a vocabulary of ${config.dVocab} tokens is too small to tell induction from a fixed distance: blocks of different tokens have ${periods.length === 1 ? 'one length' : `${periods.length} lengths`} (${periods.join(', ')}), too few to judge by; it takes at least ${SMALLEST_VOCABULARY} tokens.`,
    );
}

/** At most `most` of the values, evenly spread, the ends included; the last one where one is asked for. */
export function spread(values: readonly number[], most: number): number[] {
  if (!(most >= 1)) throw new ArgumentError(`spread: most must be at least 1, got ${most}.`);
  if (values.length <= most) return [...values];
  const count = Math.floor(most);
  if (count === 1) return [values.at(-1) as number];
  return Array.from({ length: count }, (_, i) => values[Math.round((i * (values.length - 1)) / (count - 1))] as number);
}
