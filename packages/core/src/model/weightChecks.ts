// Weights by name as callers hand them over: all of them are looked at before any is taken.
import { sizeOf } from '../engine/tensor.ts';
import { ArgumentError } from '../errors/arguments.ts';
import { quoted } from '../errors/printable.ts';
import type { ModelConfig } from './config.ts';
import { type NamedWeights, type Parameters, weightsOf } from './parameters.ts';

/**
 * Throws an Error unless every tensor given has a name and shape of these parameters and nothing but finite numbers, which
 * float32 must be able to hold where it is to (`floatBytes` 4).
 */
export function checkWeights(
  parameters: Parameters,
  weights: NamedWeights,
  { caller, floatBytes }: { caller: string; floatBytes: 4 | 8 },
): void {
  const prototype: unknown =
    typeof weights === 'object' && weights !== null ? Object.getPrototypeOf(weights) : undefined;
  // A promise or a Map has no entries, and would be taken for weights that leave everything as it is.
  if (
    prototype !== null &&
    (prototype as { constructor?: { name?: string } } | undefined)?.constructor?.name !== 'Object'
  )
    throw new ArgumentError(
      `${caller}: weights must be an object such as { "embed.W_E": { shape, data } }, got ${quoted(weights)}.`,
    );
  for (const [name, tensor] of Object.entries(weights)) {
    const wanted = parameters.named(name, caller);
    const { shape, data } = (tensor ?? {}) as Partial<NamedWeights[string]>;
    if (!Array.isArray(shape) || !isNumbers(data))
      throw new ArgumentError(
        `${caller}: ${name} must be { shape, data } with arrays of numbers, got ${quoted(tensor)}.`,
      );
    if (shape.join() !== wanted.shape.join())
      throw new Error(`${caller}: ${name} has shape [${shape}], this model needs [${wanted.shape}].`);
    if (data.length !== wanted.size)
      throw new Error(
        `${caller}: ${name} has ${data.length} numbers, its shape [${wanted.shape}] needs ${wanted.size}.`,
      );
    const wrong = firstThatIsNone(data, floatBytes);
    if (wrong >= 0)
      throw new Error(
        `${caller}: ${name} has ${quoted(data[wrong])} at element ${wrong}; weights are finite${floatBytes === 4 ? ' float32' : ''} numbers.`,
      );
  }
}

const isNumbers = (data: unknown): data is ArrayLike<number> =>
  Array.isArray(data) || (ArrayBuffer.isView(data) && 'length' in data && !/^Big/.test(data.constructor.name));

/** Index of the first entry that is no finite number of the size, or −1. */
export function firstThatIsNone(data: ArrayLike<number>, floatBytes: 4 | 8): number {
  if (data instanceof Float32Array) return firstNotFinite(data);
  for (let i = 0; i < data.length; i++) {
    const x: unknown = data[i];
    if (!Number.isFinite(x) || (floatBytes === 4 && !Number.isFinite(Math.fround(x as number)))) return i;
  }
  return -1;
}

/** The same of float32 numbers, of which there may be hundreds of millions. */
export function firstNotFinite(data: Float32Array): number {
  for (let i = 0; i < data.length; i++) if ((data[i] as number) - (data[i] as number) !== 0) return i;
  return -1;
}

/** Throws an ArgumentError when a weight of the model is of another shape, or has more or fewer numbers than its shape. */
export function checkShapes(config: ModelConfig, weights: NamedWeights, caller: string): void {
  for (const { name, layout } of weightsOf(config)) {
    const found = weights[name];
    if (!found) continue;
    const { shape } = layout;
    if (!Array.isArray(found.shape) || found.shape.join() !== shape.join())
      throw new ArgumentError(`${caller}: ${name} has shape ${quoted(found.shape)}, this config calls for [${shape}].`);
    const size = sizeOf(shape);
    if (found.data?.length !== size)
      throw new ArgumentError(
        `${caller}: ${name} holds ${quoted(found.data?.length)} numbers, its shape [${shape}] needs ${size}.`,
      );
  }
}
