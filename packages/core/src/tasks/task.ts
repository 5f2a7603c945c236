// What a task is: what its sequences look like, what of them can be predicted, and by which names their losses are told.
// One file for each task, one line in the list (tasks.ts); everything else follows from the declaration.
import type { RandomStream } from '../random/randomStream.ts';
import type { Queries, Segment } from './segments.ts';

/** What a task is drawn for: a vocabulary, and the tokens of a sequence. */
export interface Sizes {
  readonly dVocab: number;
  readonly length: number;
  /** There is a start token besides: the model has one token and one position more. */
  readonly startToken?: true;
}

/** A size of the model as sentences say it: `length` or `dVocab`, with the start token that counts in it. */
export const modelSize = (size: number, { startToken }: Sizes): string =>
  startToken ? `${size + 1}, one of them for the start token` : `${size}`;

/** What a field may hold. Plain data: taskSchema.ts makes schemas of it, and a thread that only trains needs none. */
export type FieldValue =
  | { readonly is: 'flag' }
  /** Above 0, at most 1. */
  | { readonly is: 'share' }
  | { readonly is: 'whole'; readonly least: number }
  | { readonly is: 'pair' | 'list'; readonly of: FieldValue };

/** A field of a task in an experiment. */
export interface TaskField {
  readonly value: FieldValue;
  /** Its value where it is left out; without one it has to be given, or is `optional` and stays away. */
  readonly usual?: unknown;
  readonly optional?: true;
}

/** A task's sequences, for given sizes. Every draw comes from the sequence's own stream: first the place, then the tokens. */
export interface TaskSequences<Place> {
  /** Draws where things lie in a sequence. */
  place(random: RandomStream): Place;
  /** Draws the tokens. */
  fill(tokens: Int32Array, place: Place, random: RandomStream): void;
  /** The queries of each segment, in the order in which the task names them. */
  segments(place: Place): readonly Queries[];
  /** The queries whose next token follows from those before it. */
  predictable(place: Place): Queries;
}

/** `Fields` is the task as it stands in an experiment, `Place` where things lie in one of its sequences. */
export interface TaskDefinition<Fields extends { readonly kind: string }, Place> {
  readonly kind: Fields['kind'];
  /** The fields beside `kind`. */
  readonly fields: Readonly<Record<Exclude<keyof Fields, 'kind'> & string, TaskField>>;
  readonly segments: readonly Segment[];
  /** False where nothing can be predicted, so that there is nothing to train on alone. */
  readonly hasPredictable: boolean;
  /** What of the task cannot be run with these sizes, or has no effect: a sentence about `task`, `model.nCtx`, `model.dVocab`. */
  complaint(task: Fields, sizes: Sizes): string | null;
  /** Where things lie in a sequence when so many tokens are put before it; whatever is placed needs it. */
  moved?(place: Place, by: number): Place;
  /** The periods that it draws from, ascending, where sequences repeat. */
  periods?(task: Fields): number[];
  sequences(task: Fields, sizes: Sizes): TaskSequences<Place>;
}

/** A whole number of at least `least`. */
export const whole = (least: number): FieldValue => ({ is: 'whole', least });
