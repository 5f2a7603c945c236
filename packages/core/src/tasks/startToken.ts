// `task.bos`: every sequence begins with a start token, the vocabulary's last token, which stands nowhere else. The task
// draws what follows it, from the other tokens and one position fewer, so that every kind of task and data can have one.
import { measuredOnly } from '../engine/targets.ts';
import type { Queries } from './segments.ts';
import type { SequenceSource } from './source.ts';
import type { Sizes, TaskField } from './task.ts';

export interface StartTokenField {
  /** Every sequence begins with the vocabulary's last token, which is drawn nowhere else. */
  readonly bos?: boolean;
}

export const startTokenField: TaskField = { value: { is: 'flag' }, optional: true };

/** The start token of a task in a vocabulary; undefined where it has none. */
export const startTokenOf = ({ bos }: StartTokenField, { dVocab }: { dVocab: number }): number | undefined =>
  bos ? dVocab - 1 : undefined;

/** What is left of a model's sizes for the task itself. */
export const sizesBehind = ({ bos }: StartTokenField, { dVocab, length }: Sizes): Sizes =>
  bos ? { dVocab: dVocab - 1, length: length - 1, startToken: true } : { dVocab, length };

/** Queries, so many positions further on. */
export const moved = (queries: Queries, by: number): Queries =>
  queries.map(([from, to]): readonly [number, number] => [from + by, to + by]);

/**
 * The sequences of a source with the start token in front. What it predicts, the first token drawn, is trained on where all
 * positions are, and stands in no segment: segments are named from the first token drawn on.
 */
export function behindStartToken(
  source: SequenceSource,
  { bos, batch, trained }: { bos: number; batch: number; trained: boolean },
): SequenceSource {
  return {
    segments: source.segments,
    counted: (step, alive) => source.counted(step, alive) + (trained ? batch : 0),
    fill(step, sequence, tokens, targets) {
      const drawn = source.fill(step, sequence, tokens.subarray(1), targets.subarray(1));
      tokens[0] = bos;
      targets[0] = trained ? tokens[1]! : measuredOnly(tokens[1]!);
      return { ...drawn, length: drawn.length + 1, segments: drawn.segments.map((queries) => moved(queries, 1)) };
    },
  };
}
