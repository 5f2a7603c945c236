// Interventions at a place: what they set an activation to. Hook points have one of three shapes: [batch, pos, size],
// [batch, pos, head, size], or, for scores and patterns, [batch, head, queryPos, keyPos].
import type { Floats, Tensor } from '../engine/tensor.ts';
import type { ActivationCache } from './activationCache.ts';
import { headLabel, type ModelConfig } from './config.ts';
import { hideFuture, isSquare, selectHookPoints } from './hookPoints.ts';

/** Where to intervene: a hook point, whole or one head's part of it, at all positions or at some (query positions). */
export interface Place {
  readonly hook: string;
  /** For hook points with a head axis. */
  readonly head?: number;
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
  readonly mean?: readonly number[];
}

/** Gives every sequence the activation of another one in the clean run: the one `shift` (1) further in the batch. */
export interface ResampleAblate extends Place {
  readonly kind: 'resampleAblate';
  readonly shift?: number;
}

/**
 * Sets the activation to its value in the clean run. With other tokens as the clean run's this is activation patching;
 * with the run's own tokens it freezes what other interventions would have changed.
 */
export interface Patch extends Place {
  readonly kind: 'patch';
}

export type PlacedIntervention = ZeroAblate | MeanAblate | ResampleAblate | Patch;

/** Whether a hook point has a head axis. */
export const hasHeads = (hook: string): boolean => /\.attn\.|hook_[qkv]_input$/.test(hook);

/** Size of the last axis of a hook point with a fixed one; null where it is the sequence's length. */
function lastAxis(config: ModelConfig, hook: string): number | null {
  if (isSquare(hook)) return null;
  if (hook.endsWith('hook_scale')) return 1;
  return /attn\.hook_(rot_)?[qkvz]$/.test(hook) ? config.dHead : config.dModel;
}

/** Throws an Error that names what the model has instead of this hook point, head or size of mean. */
export function checkPlace(config: ModelConfig, intervention: PlacedIntervention, caller: string): void {
  const { hook, head } = intervention;
  selectHookPoints(config, hook, caller);
  if (/[*?]/.test(hook)) throw new Error(`${caller}: "${hook}" is a glob; name one hook point.`);
  if (head !== undefined && !hasHeads(hook)) throw new Error(`${caller}: "${hook}" has no heads; leave \`head\` out.`);
  if (head !== undefined && !(Number.isInteger(head) && head >= 0 && head < config.nHeads)) {
    const layer = Number(hook.split('.')[1]);
    throw new Error(
      `${caller}: there is no head ${headLabel(layer, head)}; "${hook}" has heads 0 to ${config.nHeads - 1}.`,
    );
  }
  const size = lastAxis(config, hook);
  if (intervention.kind === 'meanAblate' && intervention.mean && size !== null && intervention.mean.length !== size)
    throw new Error(`meanAblate: mean must have ${size} numbers at "${hook}", got ${intervention.mean.length}.`);
}

/** A run of the last axis: where it lies, and which sequence, position (query) and head it belongs to. */
interface Row {
  readonly offset: number;
  readonly size: number;
  readonly sequence: number;
  readonly position: number;
  readonly head: number;
}

/** The rows of a dense activation that a place names, in order. */
function* rowsAt(place: Place, shape: readonly number[]): Generator<Row> {
  const square = isSquare(place.hook);
  const [batch, second, third = 1] = shape as [number, number, number];
  const [positions, heads] = square ? [third, second] : [second, shape.length === 4 ? third : 1];
  const size = shape[shape.length - 1] as number;
  const chosen = place.positions ?? Array.from({ length: positions }, (_, p) => p);
  const wrong = chosen.find((p) => !(Number.isInteger(p) && p >= 0 && p < positions));
  if (wrong !== undefined)
    throw new Error(`"${place.hook}" has positions 0 to ${positions - 1} here; there is no position ${wrong}.`);
  for (let sequence = 0; sequence < batch; sequence++)
    for (const position of chosen)
      for (let head = place.head ?? 0; head <= (place.head ?? heads - 1); head++) {
        const row = square
          ? (sequence * heads + head) * positions + position
          : (sequence * positions + position) * heads + head;
        yield { offset: row * size, size, sequence, position, head };
      }
}

/** What a placed intervention does to an activation. `clean` has what cleanRunNeeds asked for. */
export function placedAction(intervention: PlacedIntervention, clean: ActivationCache): (activation: Tensor) => void {
  return (tensor) => {
    const data = tensor.toArray();
    const value = newValue(intervention, tensor, clean);
    for (const row of rowsAt(intervention, tensor.shape))
      for (let i = 0; i < row.size; i++) data[row.offset + i] = value(row, i);
    hideFuture({ name: tensor.name, shape: tensor.shape, data });
    tensor.set(data);
  };
}

type Value = (row: Row, i: number) => number;

function newValue(intervention: PlacedIntervention, { name, shape }: Tensor, clean: ActivationCache): Value {
  if (intervention.kind === 'zeroAblate') return () => 0;
  if (intervention.kind === 'meanAblate' && intervention.mean) {
    const { mean } = intervention;
    return (_, i) => mean[i] as number;
  }
  const from = clean.get(name);
  if (from.shape.join() !== shape.join())
    throw new Error(
      `${intervention.kind}: "${name}" has shape [${shape}], the clean run has [${from.shape}]; use as many prompts of equal length.`,
    );
  if (intervention.kind === 'meanAblate') return meanValue(name, shape, from.data);
  const batch = shape[0] as number;
  const perSequence = from.data.length / batch;
  const shift = intervention.kind === 'resampleAblate' ? (intervention.shift ?? 1) : 0;
  if (intervention.kind === 'resampleAblate' && shift % batch === 0)
    throw new Error(
      `resampleAblate: a shift of ${shift} in a batch of ${batch} gives each sequence its own activation; use more sequences.`,
    );
  return ({ offset, sequence }, i) => {
    const other = (((sequence + shift) % batch) + batch) % batch;
    return from.data[offset + (other - sequence) * perSequence + i] as number;
  };
}

/** Means over sequences, and over positions too unless the activation is square. */
function meanValue(hook: string, shape: readonly number[], data: Floats): Value {
  const square = isSquare(hook);
  const key = ({ head, position }: Row): number => (square ? position * (shape[1] as number) + head : head);
  const sums = new Map<number, { sum: Float64Array; count: number }>();
  for (const row of rowsAt({ hook }, shape)) {
    const entry = sums.get(key(row)) ?? { sum: new Float64Array(row.size), count: 0 };
    sums.set(key(row), entry);
    entry.count++;
    for (let i = 0; i < row.size; i++) entry.sum[i]! += data[row.offset + i]!;
  }
  return (row, i) => {
    const { sum, count } = sums.get(key(row))!;
    return sum[i]! / count;
  };
}
