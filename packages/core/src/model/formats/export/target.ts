// A model as another program wants it: a config, and tensors of which each holds some of our weights.
import { sizeOf } from '../../../engine/tensor.ts';
import { printable } from '../../../errors/printable.ts';
import type { Weight } from '../../components/weight.ts';
import type { ModelConfig } from '../../config.ts';
import { weightsOf } from '../../parameters.ts';
import { heldShape, toTheirs } from '../arrangements.ts';
import { FileFormatError } from '../fileFormatError.ts';
import type { HeldTensor } from '../heldTensor.ts';
import { writeFloats } from '../numberFormats.ts';
import type { OpenedModel } from '../openedModel.ts';

/** A tensor of our weights, or one that the other program wants beside them. */
export type TargetTensor = HeldTensor | FixedTensor;

/** Its bytes are made when they are written. */
export interface FixedTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly type: 'F32' | 'BOOL';
  readonly fill: (bytes: Uint8Array) => void;
}

export interface Target {
  /** What it is called in messages. */
  readonly called: string;
  /** What stands in its config.json; null where there is none. */
  readonly config: Readonly<Record<string, unknown>> | null;
  /** What stands in the header of its safetensors file. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly tensors: readonly TargetTensor[];
}

/** A tensor as the file's header describes it. */
export interface Described {
  readonly name: string;
  readonly type: 'F32' | 'BOOL';
  readonly shape: readonly number[];
  readonly bytes: number;
}

const isFixed = (tensor: TargetTensor): tensor is FixedTensor => 'fill' in tensor;

/** What the header says of each tensor, in order. */
export function describe({ tensors }: Target, config: ModelConfig): Described[] {
  const ours = new Map([...weightsOf(config)].map((weight) => [weight.name, weight]));
  return tensors.map((tensor) => {
    const type = isFixed(tensor) ? tensor.type : 'F32';
    const shape = isFixed(tensor) ? tensor.shape : shapeOf(tensor, ours);
    return { name: tensor.name, type, shape, bytes: sizeOf(shape) * (type === 'BOOL' ? 1 : 4) };
  });
}

function shapeOf({ weights: [first] }: HeldTensor, ours: ReadonlyMap<string, Weight>): readonly number[] {
  return heldShape(ours.get(first!.name)!, first!.as);
}

/**
 * The bytes of every tensor, in no order, each when the weights it holds have been read: memory holds one or a few at a time. Throws a
 * FileFormatError for a weight that is not 0 and that no tensor holds, and for two that differ where one tensor holds both.
 */
export function* filled(target: Target, opened: OpenedModel): Generator<readonly [name: string, bytes: Uint8Array]> {
  const ours = new Map([...weightsOf(opened.config)].map((weight) => [weight.name, weight]));
  const holders = new Map<string, HeldTensor[]>();
  const open = new Map<string, { floats: Float32Array; missing: Set<string> }>();
  for (const tensor of target.tensors) {
    if (isFixed(tensor)) {
      const bytes = new Uint8Array(sizeOf(tensor.shape) * (tensor.type === 'BOOL' ? 1 : 4));
      tensor.fill(bytes);
      yield [tensor.name, bytes];
      continue;
    }
    for (const { name } of tensor.weights) holders.set(name, [...(holders.get(name) ?? []), tensor]);
  }
  for (const [name, { data }] of opened.weights())
    for (const tensor of holders.get(name) ?? []) {
      const state = open.get(tensor.name) ?? {
        floats: new Float32Array(sizeOf(shapeOf(tensor, ours))),
        missing: new Set(tensor.weights.map((weight) => weight.name)),
      };
      open.set(tensor.name, state);
      put(tensor, { name, data, weight: ours.get(name)!, floats: state.floats });
      state.missing.delete(name);
      if (state.missing.size > 0) continue;
      open.delete(tensor.name);
      const bytes = new Uint8Array(state.floats.length * 4);
      writeFloats(state.floats, bytes);
      yield [tensor.name, bytes];
    }
}

function put(
  tensor: HeldTensor,
  { name, data, weight, floats }: { name: string; data: Float32Array; weight: Weight; floats: Float32Array },
): void {
  const { as } = tensor.weights.find((held) => held.name === name)!;
  toTheirs(data, floats, { weight, as });
}

/** Throws a FileFormatError for a weight that no tensor of the target holds and that is not 0, or that differs from another in its place. */
export function refuseLost({ called, tensors }: Target, opened: OpenedModel, file: string): void {
  const held = new Map<string, HeldTensor>();
  for (const tensor of tensors) if (!isFixed(tensor)) for (const { name } of tensor.weights) held.set(name, tensor);
  const shares = (name: string): HeldTensor | undefined => {
    const tensor = held.get(name);
    return tensor && tensor.weights.length > 1 && tensor.weights.every(({ as }) => as === 'linear')
      ? tensor
      : undefined;
  };
  const first = new Map<HeldTensor, { name: string; data: Float32Array }>();
  for (const [name, { data }] of opened.weights((wanted) => !held.has(wanted) || shares(wanted) !== undefined)) {
    const tensor = shares(name);
    if (tensor) {
      const other = first.get(tensor);
      if (!other) first.set(tensor, { name, data });
      else if (other.data.some((x, i) => x !== data[i]))
        throw new FileFormatError(
          `${printable(file)} has ${other.name} and ${name} that differ, which ${called} holds as one (${tensor.name}); choose another --to.`,
        );
    } else if (data.some((x) => x !== 0))
      throw new FileFormatError(
        `${printable(file)} has ${name}, which is not zero and for which ${called} has no place; choose another --to.`,
      );
  }
}
