// Where the sequences of a run come from: a task, or what somebody gives. Every sequence is a function of the seed, the step
// and its number in the batch alone, so that any thread can draw its part and a run can go on anywhere.
import { measuredOnly, NO_TARGET } from '../engine/targets.ts';
import { RandomStream } from '../random/randomStream.ts';
import { STREAMS } from '../random/streams.ts';
import type { Queries, Segment } from './segments.ts';
import { behindStartToken, sizesBehind, startTokenOf } from './startToken.ts';
import { definitionOf, sequencesOf, type Task } from './tasks.ts';

/** Which positions are trained on. */
export type LossOn = 'all' | 'predictable';

/** What a sequence is made of. */
export interface DrawnSequence {
  /** Tokens that it has; positions beyond are filled up and predict nothing. */
  readonly length: number;
  /** The queries of each segment of the source, in its order. */
  readonly segments: readonly Queries[];
}

export interface SequenceSource {
  readonly segments: readonly Segment[];
  /** How many positions of the batch of `step` are trained on; `alive` is called now and then where that takes long. */
  counted(step: number, alive?: () => void): number;
  /** Writes the tokens and the targets of one sequence of the batch of `step`. */
  fill(step: number, sequence: number, tokens: Int32Array, targets: Int32Array): DrawnSequence;
}

/** What each position is to predict: the next token, trained on at the given queries (all of them for null). */
export function writeTargets(
  targets: Int32Array,
  tokens: Int32Array,
  { length, trained }: { length: number; trained: Queries | null },
): void {
  targets.fill(NO_TARGET, length - 1);
  for (let t = 0; t < length - 1; t++) targets[t] = measuredOnly(tokens[t + 1]!);
  for (const [from, to] of trained ?? [[0, length - 1]])
    for (let t = from; t < Math.min(to, length - 1); t++) targets[t] = tokens[t + 1]!;
}

/** How many queries there are that have a target. */
export const queryCount = (queries: Queries, length: number): number =>
  queries.reduce((sum, [from, to]) => sum + Math.max(0, Math.min(to, length - 1) - from), 0);

/** What sequences are drawn for: a run's seed and sizes. */
export interface SourceOptions {
  readonly seed: number;
  readonly dVocab: number;
  /** Tokens of a sequence, at most: the context. */
  readonly length: number;
  readonly batch: number;
  readonly lossOn: LossOn;
}

export type TaskSourceOptions = SourceOptions & { readonly task: Task };

/** The sequences of a task as training draws them. `fill` says where things lie, too. */
export interface TaskSource extends SequenceSource {
  fill(
    step: number,
    sequence: number,
    tokens: Int32Array,
    targets: Int32Array,
  ): DrawnSequence & { readonly place: unknown };
}

export function taskSource(options: TaskSourceOptions): TaskSource {
  const { task, batch, lossOn } = options;
  const { hasPredictable, moved } = definitionOf(task);
  const onAll = lossOn === 'all' || !hasPredictable;
  const drawn = drawnSource({ ...options, ...sizesBehind(task, options) }, onAll);
  const bos = startTokenOf(task, options);
  if (bos === undefined) return drawn;
  const behind = behindStartToken(drawn, { bos, batch, trained: onAll }) as TaskSource;
  return {
    ...behind,
    fill(...sequence) {
      const { place, ...rest } = behind.fill(...sequence);
      return { ...rest, place: moved?.(place, 1) };
    },
  };
}

/** What a task draws itself, without a start token. */
function drawnSource({ task, seed, dVocab, length, batch }: TaskSourceOptions, onAll: boolean): TaskSource {
  const { segments } = definitionOf(task);
  const sequences = sequencesOf(task, { dVocab, length });
  const stream = (step: number): RandomStream => new RandomStream(seed, STREAMS.batches, step);
  return {
    segments,
    counted(step) {
      if (onAll) return batch * (length - 1);
      const random = stream(step);
      let count = 0;
      for (let s = 0; s < batch; s++)
        count += queryCount(sequences.predictable(sequences.place(random.child(s))), length);
      return count;
    },
    fill(step, sequence, tokens, targets) {
      const random = stream(step).child(sequence);
      const place = sequences.place(random);
      sequences.fill(tokens, place, random);
      writeTargets(targets, tokens, { length, trained: onAll ? null : sequences.predictable(place) });
      return { length, segments: sequences.segments(place), place };
    },
  };
}
