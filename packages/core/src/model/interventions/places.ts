// Interventions at a place: what they set an activation to. Hook points have one of three shapes: [batch, pos, size],
// [batch, pos, head, size], or, for scores and patterns, [batch, head, queryPos, keyPos].

import type { Extent } from '../../engine/modelOps.ts';
import type { Floats, Tensor } from '../../engine/tensor.ts';
import type { ActivationCache, CachedActivation } from '../activationCache.ts';
import type { ModelConfig } from '../config.ts';
import { headLabel } from '../heads.ts';
import { axisSize, copiesIn, type HookPoint, hasHeads, headAxis, hookPoint, isSquare } from '../hookPoints.ts';
import { selectHookPoints } from '../hookSelection.ts';

/** Where to intervene: a hook point, whole or one head's part of it, at all positions or at some (query positions). */
export interface Place {
  /** The hook point, or a glob that matches several. */
  readonly hook: string;
  /** For hook points with a head axis. */
  readonly head?: number;
  /** Positions at which it acts, from 0: all unless told. */
  readonly positions?: readonly number[];
}

/** Sets the activation to zero. */
export interface ZeroAblate extends Place {
  readonly kind: 'zeroAblate';
}

/**
 * Sets the activation to its mean over all sequences and positions of the clean run (for patterns and scores: over
 * sequences, for each query position), or to `mean`, a number for each entry of the last axis.
 */
export interface MeanAblate extends Place {
  readonly kind: 'meanAblate';
  /** A number for each entry of the last axis, in place of the mean of the clean run. */
  readonly mean?: readonly number[];
}

/** Gives every sequence the activation of another one in the clean run: the one `shift` (1) further in the batch. */
export interface ResampleAblate extends Place {
  readonly kind: 'resampleAblate';
  /** How many sequences further the values come from, around the batch: 1 unless told. */
  readonly shift?: number;
}

/**
 * Sets the activation to its value in the clean run. With other tokens as the clean run's this is activation patching;
 * with the run's own tokens it freezes what other interventions would have changed.
 */
export interface Patch extends Place {
  readonly kind: 'patch';
}

/** An intervention that acts at a hook point. */
export type PlacedIntervention = ZeroAblate | MeanAblate | ResampleAblate | Patch;

/**
 * Throws an Error that names what the model has instead of this hook point, head or size of mean; with `extent`, also
 * positions that there are not, and a shift that leaves every sequence its own activation.
 */
export function checkPlace(
  config: ModelConfig,
  intervention: PlacedIntervention,
  { caller, extent }: { caller: string; extent?: Extent },
): void {
  const { hook, head } = intervention;
  selectHookPoints(config, hook, caller);
  if (/[*?]/.test(hook)) throw new Error(`${caller}: "${hook}" is a glob; name one hook point.`);
  const point = hookPoint(config, hook);
  if (head !== undefined && !hasHeads(point)) throw new Error(`${caller}: "${hook}" has no heads; leave \`head\` out.`);
  const heads = axisSize(config, headAxis(point) ?? 'head') as number;
  if (head !== undefined && !(Number.isInteger(head) && head >= 0 && head < heads)) {
    const layer = Number(hook.split('.')[1]);
    throw new Error(`${caller}: there is no head ${headLabel(layer, head)}; "${hook}" has heads 0 to ${heads - 1}.`);
  }
  const size = axisSize(config, point.axes.at(-1)!) ?? extent?.length ?? null;
  if (intervention.kind === 'meanAblate' && intervention.mean && size !== null && intervention.mean.length !== size)
    throw new Error(`meanAblate: mean must have ${size} numbers at "${hook}", got ${intervention.mean.length}.`);
  if (intervention.positions) checkPositions(intervention.positions, { hook, caller });
  if (!extent) return;
  checkRange(intervention, { caller, length: extent.length });
  if (intervention.kind === 'resampleAblate') checkShift(intervention.shift ?? 1, extent.sequences);
}

function checkPositions(positions: readonly number[], { hook, caller }: { hook: string; caller: string }): void {
  if (positions.length === 0)
    throw new Error(`${caller}: positions at "${hook}" is empty, which names nothing; leave it out for all positions.`);
  const seen = new Set<number>();
  const twice = positions.find((position) => seen.size === seen.add(position).size);
  if (twice !== undefined) throw new Error(`${caller}: positions at "${hook}" names ${twice} twice; name it once.`);
}

function checkRange({ hook, positions }: Place, { caller, length }: { caller: string; length: number }): void {
  const wrong = positions?.find((p) => !(Number.isInteger(p) && p >= 0 && p < length));
  if (wrong !== undefined)
    throw new Error(`${caller}: "${hook}" has positions 0 to ${length - 1} here; there is no position ${wrong}.`);
}

function checkShift(shift: number, batch: number): void {
  if (shift % batch === 0)
    throw new Error(
      `resampleAblate: a shift of ${shift} in a batch of ${batch} gives each sequence its own activation; use more sequences.`,
    );
}

/** A run of the last axis: where it lies, and which sequence, position (query) and head it belongs to. */
interface Row {
  /** In a dense activation. */
  readonly offset: number;
  readonly size: number;
  readonly sequence: number;
  readonly position: number;
  readonly head: number;
}

/**
 * The rows of a dense activation that a place names, in order. `copies` is how many heads of it stand for one head of the place:
 * where heads have inputs of their own, each has a copy of the keys and values that it shares.
 */
export function rowsAt(
  place: Place,
  { point, shape, copies = 1 }: { point: HookPoint; shape: readonly number[]; copies?: number },
): Row[] {
  const square = isSquare(point);
  const [batch, second, third = 1] = shape as [number, number, number];
  const [positions, heads] = square ? [third, second] : [second, shape.length === 4 ? third : 1];
  const size = shape[shape.length - 1] as number;
  const chosen = place.positions ?? Array.from({ length: positions }, (_, p) => p);
  checkRange(place, { caller: 'intervention', length: positions });
  const rows: Row[] = [];
  const [first, end] = place.head === undefined ? [0, heads] : [place.head * copies, (place.head + 1) * copies];
  for (let sequence = 0; sequence < batch; sequence++)
    for (const position of chosen)
      for (let head = first; head < end; head++) {
        const row = square
          ? (sequence * heads + head) * positions + position
          : (sequence * positions + position) * heads + head;
        rows.push({ offset: row * size, size, sequence, position, head });
      }
  return rows;
}

/** Where a row starts in the tensor's own memory. */
function addressOf({ sequence, position, head }: Row, { strides }: Tensor, point: HookPoint): number {
  const [bySequence, second, third] = strides as [number, number, number];
  if (isSquare(point)) return sequence * bySequence + head * second + position * third;
  return sequence * bySequence + position * second + (strides.length === 4 ? head * third : 0);
}

/** Where the sequences of an activation stand in a batch that runs in slices. */
export interface Slice {
  readonly first: number;
  /** Sequences in all. */
  readonly batch: number;
}

/** What stands in place of a row: its numbers, from an index on. */
type Replacing = (row: Row) => { readonly values: ArrayLike<number>; readonly from: number };

/** What the slices of a run share: means over the whole clean run, by hook. */
export type SharedMeans = Map<string, Replacing>;

/**
 * What a placed intervention does to an activation, or to a slice of it. `clean` has what cleanRunNeeds asked for, of the
 * whole batch.
 */
export function placedAction(
  intervention: PlacedIntervention,
  { config, clean, slice, means }: { config: ModelConfig; clean: ActivationCache; slice?: Slice; means?: SharedMeans },
): (activation: Tensor) => void {
  const point = hookPoint(config, intervention.hook);
  return (tensor) => {
    const whole = slice ?? { first: 0, batch: tensor.shape[0] as number };
    const { data, shape } = tensor;
    const copies = copiesIn(config, point, shape);
    const instead = replacing(intervention, tensor, { point, copies, clean, slice: whole, means: means ?? new Map() });
    for (const row of rowsAt(intervention, { point, shape, copies })) {
      const { values, from } = instead(row);
      const to = addressOf(row, tensor, point);
      for (let i = 0; i < row.size; i++) data[to + i] = values[from + i] as number;
      // No intervention can let a query see future keys.
      if (point.future !== undefined) data.fill(point.future, to + row.position + 1, to + row.size);
    }
  };
}

interface PlacedIn {
  readonly point: HookPoint;
  readonly copies: number;
  readonly clean: ActivationCache;
  readonly slice: Slice;
  readonly means: SharedMeans;
}

function replacing(
  intervention: PlacedIntervention,
  tensor: Tensor,
  { point, copies, clean, slice, means }: PlacedIn,
): Replacing {
  if (intervention.kind === 'zeroAblate') {
    const zeros = { values: new Float64Array(tensor.shape.at(-1) as number), from: 0 };
    return () => zeros;
  }
  if (intervention.kind === 'meanAblate' && intervention.mean) {
    const mean = { values: intervention.mean, from: 0 };
    return () => mean;
  }
  const { first, batch } = slice;
  const from = cleanActivation(intervention.kind, tensor, { clean, slice, copies });
  if (intervention.kind === 'meanAblate') {
    const known = means.get(tensor.name) ?? meanOf(point, from.shape, from.data);
    means.set(tensor.name, known);
    return known;
  }
  const perSequence = from.data.length / batch;
  const shift = intervention.kind === 'resampleAblate' ? (intervention.shift ?? 1) : 0;
  if (intervention.kind === 'resampleAblate') checkShift(shift, batch);
  return ({ offset, sequence }) => {
    const other = (((first + sequence + shift) % batch) + batch) % batch;
    return { values: from.data, from: offset + (other - sequence) * perSequence };
  };
}

/** An activation of the whole clean run, as long and of as many sequences as this run. Throws an Error where it is not. */
export function cleanActivation(
  caller: string,
  { name, shape: here }: Tensor,
  { clean, slice: { batch }, copies = 1 }: { clean: ActivationCache; slice: Slice; copies?: number },
): Pick<CachedActivation, 'shape' | 'data'> {
  const shape = [batch, ...here.slice(1)];
  const kept = clean.get(name);
  const from = kept.shape[2]! * copies === shape[2] ? withCopies(kept, copies) : kept;
  if (from.shape.join() !== shape.join())
    throw new Error(
      `${caller}: "${name}" has shape [${shape}], the clean run has [${from.shape}]; use as many prompts of equal length.`,
    );
  return from;
}

/** Each head so many times in a row: [batch, pos, head, size] → [batch, pos, head × copies, size]. */
function withCopies({ shape, data }: CachedActivation, copies: number): Pick<CachedActivation, 'shape' | 'data'> {
  if (copies === 1) return { shape, data };
  const [batch, positions, heads, size] = shape as [number, number, number, number];
  const length = data.length * copies;
  const out = data instanceof Float32Array ? new Float32Array(length) : new Float64Array(length);
  for (let row = 0; row < out.length / size; row++) {
    const from = Math.floor(row / copies) * size;
    for (let i = 0; i < size; i++) out[row * size + i] = data[from + i]!;
  }
  return { shape: [batch, positions, heads * copies, size], data: out };
}

/** Means over sequences, and over positions too unless the activation is square. */
function meanOf(point: HookPoint, shape: readonly number[], data: Floats): Replacing {
  const square = isSquare(point);
  const key = ({ head, position }: Row): number => (square ? position * (shape[1] as number) + head : head);
  const means = new Map<number, { values: Float64Array; from: 0; rows: number }>();
  for (const row of rowsAt({ hook: point.name }, { point, shape })) {
    const entry = means.get(key(row)) ?? { values: new Float64Array(row.size), from: 0, rows: 0 };
    means.set(key(row), entry);
    entry.rows++;
    for (let i = 0; i < row.size; i++) entry.values[i]! += data[row.offset + i]!;
  }
  for (const { values, rows } of means.values()) for (let i = 0; i < values.length; i++) values[i]! /= rows;
  return (row) => means.get(key(row))!;
}
