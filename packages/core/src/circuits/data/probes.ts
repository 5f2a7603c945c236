// The sequences that heads and models are probed with: fresh, seeded, and never those of training.
import * as z from 'zod/mini';
import { checkArgument } from '../../errors/arguments.ts';
import type { ModelConfig } from '../../model/config.ts';
import { drawnVocabulary, firstDrawn, openingOf, toDrawnTokens } from '../../model/startToken.ts';
import { RandomStream } from '../../random/randomStream.ts';
import { ANALYSIS_STREAMS, STREAMS } from '../../random/streams.ts';
import { type BlockPlace, fillTokens } from '../../tasks/blocks.ts';
import { checkConfig, checkPeriods, seedSchema, sequencesSchema } from '../checks.ts';
import { TooSmallError } from '../lengths.ts';

/** What is drawn: for which model, how many, from which seed. */
export interface ProbeOptions {
  readonly config: ModelConfig;
  /** Sequences. */
  readonly count: number;
  /** Seed of the sequences that are drawn. */
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

/**
 * A sequence of so many drawn tokens, behind what sequences of the model begin with; `place` counts from the first drawn.
 * Tokens of the block differ where the vocabulary allows.
 */
export function drawBlock(length: number, place: BlockPlace, config: ModelConfig, random: RandomStream): Int32Array {
  const opening = openingOf(config);
  const tokens = new Int32Array(opening.length + length);
  const drawn = tokens.subarray(opening.length);
  const dVocab = drawnVocabulary(config);
  fillTokens(drawn, place, { dVocab, distinct: (place.period || length) <= dVocab }, random);
  toDrawnTokens(drawn, config);
  tokens.set(opening);
  return tokens;
}

/**
 * A block of `period` tokens and exactly one more copy, from the first position on (behind the start token where the model
 * has one; three copies would let a divisor of a trained
 * period pass). Tokens of a block differ where the vocabulary allows.
 * @throws an ArgumentError for options that it does not have or a period that does not fit.
 */
export function repeatedProbe(probe: ProbeOptions, period: number): Int32Array[] {
  checkProbe('repeatedProbe', probe, period);
  const { config, count, seed, heldOut = false } = probe;
  const kind = heldOut ? ANALYSIS_STREAMS.heldOut : ANALYSIS_STREAMS.repeated;
  return Array.from({ length: count }, (_, s) =>
    drawBlock(2 * period, { start: 0, period }, config, new RandomStream(seed, STREAMS.analysis, kind, period, s)),
  );
}

/**
 * The same after a prefix of 1 … nCtx − 2 · period random tokens, one length for the whole probe; null without room. `start` is the block's position.
 * @param period Length of the block, in tokens.
 * @returns The sequences, [sequence][position], and where the block stands.
 * @throws an ArgumentError for options that it does not have or a period that does not fit.
 */
export function prefixedProbe(probe: ProbeOptions, period: number): { tokens: Int32Array[]; start: number } | null {
  checkProbe('prefixedProbe', probe, period);
  const { config, count, seed } = probe;
  const room = config.nCtx - firstDrawn(config) - 2 * period;
  if (room < 1) return null;
  const prefix = 1 + new RandomStream(seed, STREAMS.analysis, ANALYSIS_STREAMS.place, period).below(room);
  const tokens = Array.from({ length: count }, (_, s) =>
    drawBlock(
      prefix + 2 * period,
      { start: prefix, period },
      config,
      new RandomStream(seed, STREAMS.analysis, ANALYSIS_STREAMS.prefixed, period, s),
    ),
  );
  return { tokens, start: firstDrawn(config) + prefix };
}

/**
 * The control: whole contexts without a repeat. All tokens differ where the vocabulary allows; where it is smaller than
 * the context they are drawn with replacement, and the scores on them leave out the cells where content may act
 * (`contentFree`).
 * @throws an ArgumentError for options that it does not have.
 */
export function controlProbe(probe: ProbeOptions): Int32Array[] {
  checkProbe('controlProbe', probe);
  const { config, count, seed } = probe;
  return Array.from({ length: count }, (_, s) =>
    drawBlock(
      config.nCtx - firstDrawn(config),
      { start: 0, period: 0 },
      config,
      new RandomStream(seed, STREAMS.analysis, ANALYSIS_STREAMS.control, s),
    ),
  );
}

/** Length of the block that prefix matching is measured on; 0 where four copies of a block of two do not fit. */
export function fourfoldBlock(config: ModelConfig): number {
  const longest = Math.min(Math.floor((config.nCtx - firstDrawn(config)) / 4), drawnVocabulary(config));
  return longest < 2 ? 0 : longest;
}

/**
 * A block of a quarter of the context, or of all tokens where there are fewer, four times.
 * @returns The sequences, [sequence][position], and the length of the block in tokens.
 * @throws an ArgumentError for options that it does not have, a TooSmallError where four copies do not fit.
 */
export function fourfoldProbe(probe: ProbeOptions): { tokens: Int32Array[]; period: number } {
  checkProbe('fourfoldProbe', probe);
  const { config, count, seed } = probe;
  const period = fourfoldBlock(config);
  if (period === 0)
    throw new TooSmallError(`fourfoldProbe: a context of ${config.nCtx} has no room for four copies of a block of 2.`);
  const tokens = Array.from({ length: count }, (_, s) =>
    drawBlock(
      4 * period,
      { start: 0, period },
      config,
      new RandomStream(seed, STREAMS.analysis, ANALYSIS_STREAMS.fourfold, s),
    ),
  );
  return { tokens, period };
}
