// Makers of prompts: repeats of a block, alone or with a corrupted twin.
import type { ModelConfig } from '../../model/config.ts';
import { firstDrawn } from '../../model/startToken.ts';
import { type Corruption, corruptedPair, type PromptPair } from './corruption.ts';
import { type ProbeOptions, repeatedProbe } from './probes.ts';
import type { QueriedPrompt } from './prompts.ts';
import { repeatQueries, twoCopies } from './twoCopies.ts';

/**
 * Two copies of a block at each of the periods, those of a period in turn, `probe.count` of each. The queries are those of
 * the repeat, P … 2P − 2 from the block on, and the right answer is the next token; as the wrong one stands the token of the block that comes
 * after it, as likely without the repeat. Throws what `repeatedProbe` throws.
 * @param periods Lengths of blocks, in tokens.
 */
export const repeatPrompts = (probe: ProbeOptions, periods: readonly number[]): QueriedPrompt[] =>
  periods.flatMap((period) =>
    repeatedProbe(probe, period).map((tokens) => ({
      tokens,
      ...answered(tokens, repeatQueries(twoCopies(probe.config, period)), probe.config),
    })),
  );

/**
 * The same two copies with their first copy corrupted, as `corruptedPair` draws them, and wrong answers.
 * @param period Length of the block, in tokens.
 */
export const corruptedPrompts = (probe: ProbeOptions, period: number, corruption: Corruption): QueriedPrompt[] => {
  const { clean, corrupted, queries } = corruptedPair(probe, period, corruption);
  return clean.map((tokens, s) => ({
    tokens,
    ...answered(tokens, queries, probe.config),
    corrupted: corrupted[s]!,
  }));
};

/** A pair's prompts: the same queries of each, and the next token as the right answer. */
export const promptsOf = ({ clean, corrupted, queries }: PromptPair): QueriedPrompt[] =>
  clean.map((tokens, s) => ({ tokens, queries: range(queries), corrupted: corrupted[s]! }));

/** Queries with their wrong answers. */
function answered(
  tokens: ArrayLike<number>,
  between: readonly [from: number, to: number],
  config: ModelConfig,
): Pick<QueriedPrompt, 'queries' | 'wrong'> & { queries: number[] } {
  const queries = range(between);
  return { queries, wrong: queries.map((query) => anotherOfBlock(tokens, query, config)) };
}

const range = ([from, to]: readonly [number, number]): number[] =>
  Array.from({ length: to - from }, (_, i) => from + i);

/** The first token of the block after the right one, cyclically, that differs from it; where none does, the next of the vocabulary. */
function anotherOfBlock(tokens: ArrayLike<number>, query: number, config: ModelConfig): number {
  const start = firstDrawn(config);
  const period = (tokens.length - start) / 2;
  const right = tokens[query + 1] as number;
  for (let i = 1; i < period; i++) {
    const other = tokens[start + ((query + 1 - start + i) % period)] as number;
    if (other !== right) return other;
  }
  return (right + 1) % config.dVocab;
}
