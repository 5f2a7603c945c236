// Token tasks: a random block, repeated. Every sequence is a function of a named random stream, so the batch of step n
// depends on the seed and n alone, and any thread can draw its part.
import * as z from 'zod/mini';
import { ArgumentError, checkArgument } from '../errors/arguments.ts';
import { RandomStream } from '../random/randomStream.ts';

/** One block, repeated at a fixed period to the end of the context. */
export interface RepeatedTask {
  readonly kind: 'repeated';
  readonly period: number;
}

/** As `repeated`, with a period drawn for every sequence from `periods` (both ends included), never one held out. */
export interface VariedTask {
  readonly kind: 'varied';
  readonly periods: readonly [number, number];
  readonly heldOutPeriods: readonly number[];
  /** Share of the sequences whose period is drawn, above 0, at most 1; all others have the longest period. */
  readonly share: number;
}

/** No repeat at all: the control. */
export interface RandomTask {
  readonly kind: 'random';
}

export type Task = (RepeatedTask | VariedTask | RandomTask) & {
  /** Tokens of a block (of the whole sequence for `random`) are drawn without replacement. */
  readonly distinct: boolean;
  /** Up to so many random tokens before the block; how many is drawn for every sequence. */
  readonly maxPrefix: number;
};

/** Where the block lies in a sequence. `period` is 0 when nothing repeats. */
export interface BlockPlace {
  readonly start: number;
  readonly period: number;
}

/** The purposes of random streams, so that no two draw the same numbers. The first part of a name is the seed. */
export const STREAMS = { batches: 1, initialWeights: 2, analysis: 3 } as const;

/** The periods that a task draws from; empty for `random`. */
export function periodsOf(task: Task): number[] {
  if (task.kind === 'random') return [];
  if (task.kind === 'repeated') return [task.period];
  const [low, high] = task.periods;
  const heldOut = new Set(task.heldOutPeriods);
  return Array.from({ length: high - low + 1 }, (_, i) => low + i).filter((p) => !heldOut.has(p));
}

/** Draws where the block lies: the first draws of a sequence's stream. */
function drawPlace(task: Task, periods: readonly number[], random: RandomStream): BlockPlace {
  if (task.kind === 'random') return { start: 0, period: 0 };
  const period = drawPeriod(task, periods, random);
  return { start: task.maxPrefix > 0 ? random.below(task.maxPrefix + 1) : 0, period };
}

function drawPeriod(task: Task, periods: readonly number[], random: RandomStream): number {
  if (task.kind === 'varied' && task.share < 1 && random.below(PARTS) >= task.share * PARTS)
    return periods[periods.length - 1] as number;
  return periods.length === 1 ? (periods[0] as number) : (periods[random.below(periods.length)] as number);
}

/** A share is compared with a whole number below this. */
const PARTS = 1_000_000;

/** Fills `tokens` with a sequence whose block lies at `place`: random prefix, block, and the block again to the end. */
export function fillTokens(
  tokens: Int32Array,
  place: BlockPlace,
  options: { dVocab: number; distinct: boolean },
  random: RandomStream,
): void {
  const { start, period } = place;
  const length = tokens.length;
  const fresh = period === 0 ? length : Math.min(length, start + period);
  for (let t = 0; t < start; t++) tokens[t] = random.below(options.dVocab);
  const from = period === 0 ? 0 : start;
  if (options.distinct) drawDistinct(tokens.subarray(from, fresh), options.dVocab, random);
  else for (let t = from; t < fresh; t++) tokens[t] = random.below(options.dVocab);
  for (let t = fresh; t < length; t++) tokens[t] = tokens[t - period] as number;
}

/** Draws without replacement: the first steps of Fisher and Yates's shuffle, kept sparse. */
function drawDistinct(out: Int32Array, dVocab: number, random: RandomStream): void {
  const moved = new Map<number, number>();
  for (let i = 0; i < out.length; i++) {
    const j = i + random.below(dVocab - i);
    out[i] = moved.get(j) ?? j;
    moved.set(j, moved.get(i) ?? i);
  }
}

/** The queries of a sequence of `length` tokens by part: [from, to), and the boundary query (−1 if it has no target). */
export function queryRanges(place: BlockPlace, length: number): QueryRanges {
  const { start, period } = place;
  if (period === 0) return { first: [0, length - 1], boundary: -1, repeat: [length - 1, length - 1] };
  const boundary = start + period - 1;
  return {
    first: [start, Math.min(boundary, length - 1)],
    boundary: boundary < length - 1 ? boundary : -1,
    repeat: [Math.min(boundary + 1, length - 1), length - 1],
  };
}

export interface QueryRanges {
  readonly first: readonly [number, number];
  readonly boundary: number;
  readonly repeat: readonly [number, number];
}

/** The batches of a training run. */
export class TaskBatches {
  private readonly options: { task: Task; seed: number; dVocab: number; length: number; batch: number };
  private readonly periods: readonly number[];
  private readonly lossOn: 'all' | 'predictable';

  constructor(options: {
    task: Task;
    seed: number;
    dVocab: number;
    length: number;
    batch: number;
    lossOn: 'all' | 'predictable';
  }) {
    this.options = options;
    this.periods = periodsOf(options.task);
    this.lossOn = options.lossOn;
  }

  private stream(step: number): RandomStream {
    return new RandomStream(this.options.seed, STREAMS.batches, step);
  }

  /** How many positions of the batch of `step` are trained on. */
  counted(step: number): number {
    const { batch, length, task } = this.options;
    if (this.lossOn === 'all' || task.kind === 'random') return batch * (length - 1);
    const stream = this.stream(step);
    let count = 0;
    for (let s = 0; s < batch; s++) {
      const { start, period } = drawPlace(task, this.periods, stream.child(s));
      count += Math.max(0, length - 1 - (start + period));
    }
    return count;
  }

  /**
   * Writes the tokens of one sequence of the batch of `step`, and its targets: the next token, −1 at the last
   * position, −2 − token where it is not trained on. Returns where its block lies.
   */
  fill(step: number, sequence: number, tokens: Int32Array, targets: Int32Array): BlockPlace {
    const { task, dVocab, length } = this.options;
    const random = this.stream(step).child(sequence);
    const place = drawPlace(task, this.periods, random);
    fillTokens(tokens, place, { dVocab, distinct: task.distinct }, random);
    const from = this.lossOn === 'all' || place.period === 0 ? 0 : place.start + place.period;
    for (let t = 0; t < length - 1; t++)
      targets[t] = t < from ? -2 - (tokens[t + 1] as number) : (tokens[t + 1] as number);
    targets[length - 1] = -1;
    return place;
  }
}

const whole = (least: number, most: number = Number.MAX_SAFE_INTEGER): z.ZodMiniNumber =>
  z.int().check(z.minimum(least), z.maximum(most));
const drawn = { distinct: z.boolean(), maxPrefix: whole(0) };
const BatchOptions = z.strictObject({
  task: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('repeated'), period: whole(1), ...drawn }),
    z.strictObject({
      kind: z.literal('varied'),
      periods: z.tuple([whole(1), whole(1)]),
      heldOutPeriods: z.array(z.int()),
      share: z.number().check(z.positive(), z.maximum(1)),
      ...drawn,
    }),
    z.strictObject({ kind: z.literal('random'), ...drawn }),
  ]),
  seed: whole(0),
  step: whole(0),
  batch: whole(1, 65536),
  dVocab: whole(1, 65536),
  length: whole(1, 65536),
});

/**
 * A batch as [sequence][position] with the places of its blocks, as training draws it at `step`. Throws an ArgumentError for
 * an option that cannot be meant, and where a task has no period or more distinct tokens than there are.
 */
export function makeBatch(options: {
  task: Task;
  seed: number;
  step: number;
  batch: number;
  dVocab: number;
  length: number;
}): { tokens: Int32Array[]; places: BlockPlace[] } {
  checkArgument('makeBatch', 'options', BatchOptions, options);
  const { task, dVocab, length } = options;
  const periods = periodsOf(task);
  if (task.kind !== 'random' && periods.length === 0)
    throw new ArgumentError(
      'makeBatch: options.task has no period to draw; put the smaller one first and hold fewer out.',
    );
  const block = Math.min(length, Math.max(...(task.kind === 'random' ? [length] : periods)));
  if (task.distinct && block > dVocab)
    throw new ArgumentError(
      `makeBatch: ${block} distinct tokens are needed, and options.dVocab is ${dVocab}; raise it.`,
    );
  const source = new TaskBatches({ ...options, lossOn: 'all' });
  const tokens = Array.from({ length: options.batch }, () => new Int32Array(options.length));
  const places = tokens.map((sequence, s) => source.fill(options.step, s, sequence, new Int32Array(options.length)));
  return { tokens, places };
}
