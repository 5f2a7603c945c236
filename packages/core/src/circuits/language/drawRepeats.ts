// Random tokens of a language's vocabulary that repeat, and beside each sequence one that does not, with the same tokens to predict.
import type { ModelConfig } from '../../model/config.ts';
import { firstDrawn } from '../../model/startToken.ts';
import { RandomStream } from '../../random/randomStream.ts';
import { ANALYSIS_STREAMS, STREAMS } from '../../random/streams.ts';
import type { StripePlace } from '../data/twoCopies.ts';
import { TooSmallError } from '../lengths.ts';

/** What is drawn, and from what. */
export interface DrawOptions {
  readonly config: ModelConfig;
  /** Tokens to draw from. */
  readonly tokens: readonly number[];
  /** How many sequences. */
  readonly count: number;
  /** Seed of the sequences that are drawn. */
  readonly seed: number;
  /** Length of the block that repeats, in tokens. */
  readonly period: number;
  /** Random tokens between the start of the text and the block; none unless told. */
  readonly start?: number;
}

/**
 * The period where none is asked for: 25, or as long as so many copies fit the context and two blocks the tokens.
 * @param tokens Tokens that may be drawn.
 * @returns Tokens.
 */
export const usualPeriod = (config: ModelConfig, tokens: readonly number[], copies: 2 | 4): number =>
  Math.max(2, Math.min(25, Math.floor((config.nCtx - firstDrawn(config)) / copies), Math.floor(tokens.length / 2)));

/** Pairs of sequences of one length. */
export interface RepeatPairs {
  /** [sequence][pos]: [start token] prefix block block. */
  readonly repeat: readonly Int32Array[];
  /** [sequence][pos]: the same with another block, of other tokens, as the first one, so that the second is asked for without having been seen. */
  readonly control: readonly Int32Array[];
  /** Where the blocks lie. */
  readonly place: StripePlace;
}

/**
 * Two copies of a block of different tokens behind a prefix of others, and their controls. Throws a TooSmallError where they do
 * not fit the context, or where there are too few tokens for both blocks and the prefix to differ.
 */
export function drawRepeats({ config, tokens, count, seed, period, start = 0 }: DrawOptions): RepeatPairs {
  const first = firstDrawn(config) + start;
  const place = { start: first, period, length: first + 2 * period };
  refuseTooLarge(config, { length: place.length, tokens, needed: start + 2 * period, copies: 2, period });
  const pairs = Array.from({ length: count }, (_, s) => {
    const random = new RandomStream(seed, STREAMS.analysis, ANALYSIS_STREAMS.language, period, start, s);
    const drawn = distinct(tokens, start + 2 * period, random);
    const [prefix, block, other] = [
      drawn.slice(0, start),
      drawn.slice(start, start + period),
      drawn.slice(start + period),
    ];
    return [sequence(config, [prefix, block, block]), sequence(config, [prefix, other, block])] as const;
  });
  return { repeat: pairs.map(([repeat]) => repeat), control: pairs.map(([, control]) => control), place };
}

/**
 * Four copies of a block, as prefix matching is defined on (Olsson et al. 2022). Throws what `drawRepeats` throws.
 * @returns [sequence][position].
 */
export function drawFourfold({ config, tokens, count, seed, period }: Omit<DrawOptions, 'start'>): Int32Array[] {
  const length = firstDrawn(config) + 4 * period;
  refuseTooLarge(config, { length, tokens, needed: period, copies: 4, period });
  return Array.from({ length: count }, (_, s) => {
    const random = new RandomStream(seed, STREAMS.analysis, ANALYSIS_STREAMS.languageFourfold, period, s);
    const block = distinct(tokens, period, random);
    return sequence(config, [block, block, block, block]);
  });
}

const sequence = ({ bos }: ModelConfig, parts: readonly (readonly number[])[]): Int32Array =>
  Int32Array.from([...(bos === undefined ? [] : [bos]), ...parts.flat()]);

/** So many different ones of the tokens, in a random order. */
function distinct(tokens: readonly number[], count: number, random: RandomStream): number[] {
  const moved = new Map<number, number>(); // what stands at a place of the list instead of its own token's number
  return Array.from({ length: count }, (_, i) => {
    const j = i + random.below(tokens.length - i);
    const chosen = moved.get(j) ?? j;
    moved.set(j, moved.get(i) ?? i);
    return tokens[chosen] as number;
  });
}

function refuseTooLarge(
  { nCtx }: ModelConfig,
  {
    length,
    tokens,
    needed,
    copies,
    period,
  }: { length: number; tokens: readonly number[]; needed: number; copies: number; period: number },
): void {
  if (length > nCtx)
    throw new TooSmallError(
      `drawRepeats: ${copies} copies of a block of ${period} take ${length} tokens, and the context has ${nCtx}; use a shorter period.`,
    );
  if (needed > tokens.length)
    throw new TooSmallError(
      `drawRepeats: ${needed} different tokens are needed for a period of ${period}, and ${tokens.length} can be drawn; use a shorter period.`,
    );
}
