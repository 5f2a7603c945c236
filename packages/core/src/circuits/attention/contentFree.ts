// What is left of a line where content cannot act: on a control whose tokens repeat by chance, the other cells say nothing
// of a fixed distance.
import type { ModelConfig } from '../../model/config.ts';
import type { AttentionWeight } from '../data/patternRuns.ts';
import { type Line, meanAlong, meanAlongCounted } from './line.ts';

/**
 * Whether attention from q to k can come from content alone: the key is an earlier copy of the query's token, or follows
 * one. On a control whose tokens repeat by chance such cells say nothing of a fixed distance.
 */
export const contentMayAct = (tokens: ArrayLike<number>, query: number, key: number): boolean =>
  (key < query && tokens[key] === tokens[query]) || (key > 0 && key <= query && tokens[key - 1] === tokens[query]);

/** Mean of one pattern on a line, over the cells where content cannot act; NaN where there is none. */
export type ContentFreeMean = (attention: AttentionWeight, tokens: ArrayLike<number>, line: Line) => number;

const countingMean: ContentFreeMean = (attention, tokens, line) =>
  meanAlongCounted({ attention, counts: (q, k) => !contentMayAct(tokens, q, k) }, line);

/** For controls of a model: where no token can come twice every cell counts, and nothing need be looked up. */
export const contentFreeMean = ({ nCtx, dVocab }: ModelConfig): ContentFreeMean =>
  nCtx <= dVocab ? (attention, _, line) => meanAlong(attention, line) : countingMean;
