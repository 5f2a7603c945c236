// Prompts in pairs: two copies of a block, and the same with the first copy corrupted.
import * as z from 'zod/mini';
import { ArgumentError, checkArgument } from '../../errors/arguments.ts';
import type { ModelConfig } from '../../model/config.ts';
import type { Tokens } from '../../model/model.ts';
import { drawnTokens, drawnVocabulary } from '../../model/startToken.ts';
import { RandomStream } from '../../random/randomStream.ts';
import { ANALYSIS_STREAMS, STREAMS } from '../../random/streams.ts';
import { anotherToken } from './anotherToken.ts';
import { type ProbeOptions, repeatedProbe } from './probes.ts';
import { repeatQueries, type StripePlace, twoCopies } from './twoCopies.ts';

/**
 * What is done to two copies of a block; the second copy, and with it the queries and their targets, stays as it is.
 * `break-repeat`: the first copy is drawn anew, so that nothing repeats. `change-match`: one token of the first copy, the
 * earlier copy of one query's token, becomes a token from outside the block; only that query counts. `shift-block`: the
 * first copy is rotated by one position: content finds its copy one position further, a fixed distance misses. There the
 * last query of the repeat does not count: the rotation has taken its target away from behind its copy.
 */
export const CORRUPTIONS = ['break-repeat', 'change-match', 'shift-block'] as const;
/** What is changed in the corrupted twin. */
export type Corruption = (typeof CORRUPTIONS)[number];

/** Clean and corrupted sequences of equal length, and the queries [from, to) whose loss counts. */
export interface PromptPair {
  readonly clean: Tokens;
  readonly corrupted: Tokens;
  /** The positions that count, [from, to). */
  readonly queries: readonly [from: number, to: number];
}

const corruptionSchema = z.enum(CORRUPTIONS);

/** Throws an ArgumentError unless it is one of the corruptions. */
export const checkCorruption = (caller: string, corruption: unknown): void =>
  checkArgument(caller, 'corruption', corruptionSchema, corruption);

/**
 * Two copies of a block, and the same with the first one corrupted. Throws an ArgumentError for a corruption that there is
 * not or a period that does not fit; an Error when the vocabulary has no other token, or when a block of two tokens is to
 * be shifted, which leaves no query.
 * @param period Length of the block, in tokens.
 */
export function corruptedPair(probe: ProbeOptions, period: number, corruption: Corruption): PromptPair {
  checkCorruption('corruptedPair', corruption);
  const clean = repeatedProbe(probe, period);
  if (period < 2)
    throw new ArgumentError(`corruptedPair: a block of ${period} token leaves no query; use a longer period.`);
  if (corruption === 'shift-block' && period < 3)
    throw new Error(`corruptedPair: shift-block needs a period of at least 3, got ${period}; use a longer one.`);
  if (corruption === 'break-repeat' && drawnVocabulary(probe.config) < 2)
    throw new Error('corruptedPair: a vocabulary of 1 token has no other one to put in its place.');
  const place = twoCopies(probe.config, period);
  const { start } = place;
  const middle = start + period + Math.floor(period / 2);
  const corrupted = clean.map((tokens, s) => {
    const random = new RandomStream(probe.seed, STREAMS.analysis, ANALYSIS_STREAMS.corruption, period, s);
    const other = Int32Array.from(tokens);
    if (corruption === 'shift-block')
      for (let t = 0; t < period; t++) other[start + t] = tokens[start + ((t + period - 1) % period)]!;
    if (corruption === 'break-repeat')
      for (let t = start; t < start + period; t++) other[t] = anotherToken(tokens[t]!, probe.config, random);
    if (corruption === 'change-match') other[middle - period] = outsideToken(tokens, probe.config, random);
    return other;
  });
  return { clean, corrupted, queries: queriesOf(corruption, place, middle) };
}

function queriesOf(corruption: Corruption, place: StripePlace, middle: number): PromptPair['queries'] {
  if (corruption === 'change-match') return [middle, middle + 1];
  const [from, to] = repeatQueries(place);
  return [from, corruption === 'shift-block' ? to - 1 : to];
}

function outsideToken(tokens: Int32Array, config: ModelConfig, random: RandomStream): number {
  const free = drawnTokens(config).filter((t) => !tokens.includes(t));
  if (free.length === 0)
    throw new Error(
      `corruptedPair: all ${drawnVocabulary(config)} tokens are in the block, none is left to change the match to; use a shorter period. break-repeat and shift-block need no such token.`,
    );
  return free[random.below(free.length)]!;
}
