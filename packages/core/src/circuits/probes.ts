// The sequences that heads and models are probed with: fresh, seeded, and never those of training.
import { RandomStream } from '../engine/random.ts';
import type { ModelConfig } from '../model/config.ts';
import { type BlockPlace, fillTokens, STREAMS } from '../training/tasks.ts';

/** Kinds of probe, so that no two share their draws. */
const KIND = { repeated: 1, prefixed: 2, control: 3, fourfold: 4, place: 5, heldOut: 6 } as const;

export interface ProbeOptions {
  readonly config: ModelConfig;
  /** Sequences. */
  readonly count: number;
  readonly seed: number;
  /** Sequences that no choice was made on: repeated probes of their own, to measure what was chosen on the others. */
  readonly heldOut?: boolean;
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
export function repeatedProbe({ config, count, seed, heldOut = false }: ProbeOptions, period: number): Int32Array[] {
  const kind = heldOut ? KIND.heldOut : KIND.repeated;
  return Array.from({ length: count }, (_, s) =>
    draw(2 * period, { start: 0, period }, config, new RandomStream(seed, STREAMS.analysis, kind, period, s)),
  );
}

/** The same after a prefix of 1 … nCtx − 2 · period random tokens, one length for the whole probe; null without room. */
export function prefixedProbe(
  { config, count, seed }: ProbeOptions,
  period: number,
): { tokens: Int32Array[]; start: number } | null {
  const room = config.nCtx - 2 * period;
  if (room < 1) return null;
  const start = 1 + new RandomStream(seed, STREAMS.analysis, KIND.place, period).below(room);
  const tokens = Array.from({ length: count }, (_, s) =>
    draw(
      start + 2 * period,
      { start, period },
      config,
      new RandomStream(seed, STREAMS.analysis, KIND.prefixed, period, s),
    ),
  );
  return { tokens, start };
}

/** The control: whole contexts without a repeat (all tokens different where the vocabulary allows). */
export function controlProbe({ config, count, seed }: ProbeOptions): Int32Array[] {
  return Array.from({ length: count }, (_, s) =>
    draw(config.nCtx, { start: 0, period: 0 }, config, new RandomStream(seed, STREAMS.analysis, KIND.control, s)),
  );
}

/** A block of a quarter of the context, four times. */
export function fourfoldProbe({ config, count, seed }: ProbeOptions): { tokens: Int32Array[]; period: number } {
  const period = Math.max(2, Math.floor(config.nCtx / 4));
  const tokens = Array.from({ length: count }, (_, s) =>
    draw(4 * period, { start: 0, period }, config, new RandomStream(seed, STREAMS.analysis, KIND.fourfold, s)),
  );
  return { tokens, period };
}

/** Shortest context that can be audited: two copies of the shortest block of the sweep, and periods enough to tell. */
export const SHORTEST_CONTEXT = 14;

/** At most so many periods are swept; longer contexts are swept at evenly spread ones. */
const MOST_PERIODS = 57;

/**
 * The periods of the sweep: every one from 8 to half the context. In a short context it starts lower, so that about
 * eight remain; in a long one 57 are taken, evenly spread. Throws an Error when the context is too short to tell.
 */
export function sweepPeriods(config: ModelConfig): number[] {
  const { nCtx } = config;
  if (nCtx < SHORTEST_CONTEXT)
    throw new Error(
      `audit: a context of ${nCtx} is too short to tell a period from its neighbours; it takes at least ${SHORTEST_CONTEXT}.`,
    );
  const longest = Math.floor(nCtx / 2);
  const shortest = Math.max(3, Math.min(8, longest - 7));
  const all = Array.from({ length: longest - shortest + 1 }, (_, i) => shortest + i);
  return spread(all, MOST_PERIODS);
}

/** At most `most` of the values, evenly spread, the ends included. */
export function spread(values: readonly number[], most: number): number[] {
  if (values.length <= most) return [...values];
  return Array.from({ length: most }, (_, i) => values[Math.round((i * (values.length - 1)) / (most - 1))] as number);
}
