// The parameters: what the components declare, under TransformerLens's names and shapes, in one contiguous buffer, in the
// layouts that the kernels want. The buffer's padding is zero and stays zero: gradients there are zero, and so is what
// AdamW adds.
import type { Arena, Tensor } from '../engine/tensor.ts';
import { sizeOf } from '../engine/tensor.ts';
import { listed, nearest } from '../errors/names.ts';
import { printable, shortened } from '../errors/printable.ts';
import type { Tensors } from './components/component.ts';
import { components } from './components/components.ts';
import type { Weight } from './components/weight.ts';
import { type ModelConfig, modelConfig } from './config.ts';

/** Every weight that a model has, in the order of the buffer; a tied W_U is not among them. */
export function* weightsOf(config: ModelConfig): Generator<Weight> {
  for (const { weights } of components(config)) yield* Object.values(weights);
}

/** One set of parameter-shaped tensors: the weights themselves, or a gradient of them. */
export class Parameters {
  /** Every stored tensor, in the order of the buffer. A tied W_U is not stored. */
  readonly all: readonly Tensor[];
  /** The same by component, under the component's names. */
  readonly groups: readonly Tensors[];
  /** Where the buffer starts, and its length in floats, padding included. */
  readonly address: number;
  readonly length: number;
  /** Count of changes; whoever derives something from the weights compares it. Raise it with `changed`. */
  version = 0;
  private byName: ReadonlyMap<string, Tensor> | null = null;

  constructor(config: ModelConfig, arena: Arena) {
    const tensorOf = ({ name, layout }: Weight): Tensor => arena.tensor(name, layout);
    this.address = arena.used;
    this.groups = [...components(config)].map(({ weights }) =>
      Object.fromEntries(Object.entries(weights).map(([own, weight]) => [own, tensorOf(weight)])),
    );
    this.length = (arena.used - this.address) / arena.floatBytes;
    this.all = this.groups.flatMap((group) => Object.values(group));
  }

  /** The same tensors over memory handed out before, laid out like any other set of parameters. */
  static over(config: ModelConfig, arena: Arena, address: number): Parameters {
    return new Parameters(config, arena.from(address));
  }

  /** Tells everything derived from the weights that they have changed. */
  changed(): void {
    this.version++;
  }

  /** The tensor of that name. Throws an Error with the nearest names where there is none. */
  named(name: string, caller = 'Parameters'): Tensor {
    this.byName ??= new Map(this.all.map((tensor) => [tensor.name, tensor]));
    const found = this.byName.get(name);
    if (!found)
      throw new Error(
        `${caller}: no weight ${shortened(printable(String(name)))} in this model; the nearest are ${this.nearestNames(name)}.`,
      );
    return found;
  }

  private nearestNames(name: unknown): string {
    return listed(
      nearest(
        String(name),
        this.all.map((t) => t.name),
      ),
    );
  }
}

/** Weights by name, dense and row-major in TransformerLens's shapes. */
export type NamedWeights = Record<string, { readonly shape: readonly number[]; readonly data: ArrayLike<number> }>;

/**
 * Number of parameters that are learned: fixed position tables do not count, a tied W_U counts once.
 * @returns How many numbers training changes.
 */
export function parameterCount(config: ModelConfig): number {
  let count = 0;
  for (const { learned, layout } of weightsOf(modelConfig(config))) count += learned ? sizeOf(layout.shape) : 0;
  return count;
}

/**
 * LayerNorm gains 1, a fixed position table where the model has one, everything else 0.
 * @param weights Names and shapes.
 */
export function blankWeights(config: ModelConfig, weights: Parameters): void {
  [...weightsOf(config)].forEach(({ start }, i) => {
    const tensor = weights.all[i] as Tensor;
    if (typeof start === 'function') tensor.set(start());
    else if (start === 1) tensor.set(new Float32Array(tensor.size).fill(1));
    else tensor.data.fill(0);
  });
  weights.changed();
}

/**
 * The names of the weights that training changes: all but fixed position tables.
 * @returns Their names, with their shapes.
 */
export const learnedWeights = (config: ModelConfig): string[] =>
  [...weightsOf(config)].flatMap(({ name, learned }) => (learned ? [name] : []));

/** Dense copies of every tensor of a set by name. */
export const namedCopies = (parameters: Parameters): NamedWeights =>
  Object.fromEntries(parameters.all.map((t) => [t.name, { shape: [...t.shape], data: t.toArray() }]));
