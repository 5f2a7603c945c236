// What users' hooks see and leave behind.
import type { Floats, Tensor } from '../../engine/tensor.ts';
import { ArgumentError } from '../../errors/arguments.ts';
import { quoted } from '../../errors/printable.ts';
import { type HookPoint, hideFuture } from '../hookPoints.ts';
import type { HookSelection } from '../hookSelection.ts';

/** What a hook sees: a dense copy, row-major in `shape`. Changes to `data` take effect; `data` may also be replaced. */
export interface HookedActivation {
  /** The hook point. */
  readonly name: string;
  /** Axes as in TransformerLens: [batch, pos, ...]; patterns and scores are [batch, head, queryPos, keyPos]. */
  readonly shape: readonly number[];
  /** The numbers, row-major in the order of `axes`. A hook may change them in place, or return others. */
  data: Floats;
}

/**
 * Looks at an activation, changes its `data`, or returns what is to stand in its place, as in TransformerLens: an array of
 * as many numbers, flat or nested in the activation's shape, or an object with such `data`. What an expression happens to
 * return besides (a number, a boolean, a Map, a Set, the activation itself) means nothing. A promise is refused: a hook runs
 * in the midst of a pass, which does not wait.
 */
export type Hook = (activation: HookedActivation) => void;

/** Throws an ArgumentError unless these are pairs of a selection and a function. */
export function checkHooks(
  hooks: unknown,
  caller: string,
): asserts hooks is readonly (readonly [HookSelection, Hook])[] {
  const example = '[["blocks.0.attn.hook_z", (activation) => { ... }]]';
  if (!Array.isArray(hooks))
    throw new ArgumentError(
      `${caller}: hooks must be an array of pairs of names and a function, such as ${example}, got ${quoted(hooks)}.`,
    );
  for (let i = 0; i < hooks.length; i++) {
    const pair: unknown = hooks[i];
    if (!Array.isArray(pair) || pair.length !== 2)
      throw new ArgumentError(
        `${caller}: hooks.${i} must be a pair of names and a function, as in ${example}, got ${quoted(pair)}.`,
      );
    if (typeof pair[1] !== 'function')
      throw new ArgumentError(`${caller}: hooks.${i} must end in a function, got ${quoted(pair[1])}.`);
  }
}

/** Gives a user's hook a dense copy and writes back what it leaves there. */
export function denseHook(hook: Hook, point: HookPoint): (activation: Tensor) => void {
  return (tensor) => {
    const { name } = tensor;
    const shape = [...tensor.shape]; // the tensor's own is the plan's
    const activation: HookedActivation = { name, shape: [...shape], data: tensor.toArray() };
    const returned: unknown = hook(activation);
    const data = newData(returned, { activation, name, shape }) ?? activation.data;
    checkData(data, { name, shape });
    hideFuture(point, shape, data as Floats);
    tensor.set(data);
  };
}

interface Place {
  readonly name: string;
  readonly shape: readonly number[];
}

/** What a hook has returned to stand in an activation's place; null where it has not. */
function newData(returned: unknown, place: Place & { activation: HookedActivation }): ArrayLike<number> | null {
  const { activation, name, shape } = place;
  if (returned === undefined || returned === null || returned === activation) return null;
  if (isList(returned)) return flattened(returned, { name, shape });
  if (typeof returned === 'object') {
    if (typeof (returned as { then?: unknown }).then === 'function') {
      Promise.resolve(returned).catch(() => {}); // what it fails with comes too late for anybody
      throw new ArgumentError(
        `runWithHooks: the hook at ${name} returned a promise; a pass does not wait, so return the new values themselves.`,
      );
    }
    if (returned instanceof Map || returned instanceof Set) return null;
    const { data } = returned as { data?: unknown };
    if (isList(data)) return flattened(data, { name, shape });
  }
  if (typeof returned === 'boolean' || (typeof returned === 'number' && !Number.isNaN(returned))) return null;
  throw new ArgumentError(
    `runWithHooks: the hook at ${name} returned ${quoted(returned)}; return nothing, or an array of shape [${shape}].`,
  );
}

const isList = (value: unknown): value is ArrayLike<unknown> =>
  Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView));

/** A flat list as it is, a nested one of the right shape row by row. */
function flattened(list: ArrayLike<unknown>, { name, shape }: Place): ArrayLike<number> {
  if (!isList(list[0])) return list as ArrayLike<number>;
  const out: number[] = [];
  const visit = (part: unknown, axis: number): void => {
    if (axis === shape.length) out.push(part as number);
    else if (isList(part) && part.length === shape[axis])
      for (let i = 0; i < part.length; i++) visit(part[i], axis + 1);
    else
      throw new ArgumentError(
        `runWithHooks: the hook at ${name} returned an array that is not of its shape [${shape}]; return one that is, or ${product(shape)} numbers in a flat one.`,
      );
  };
  visit(list, 0);
  return out;
}

const product = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

function checkData(data: unknown, { name, shape }: Place): asserts data is ArrayLike<number> {
  const size = product(shape);
  if (!isList(data))
    throw new ArgumentError(
      `runWithHooks: the hook at ${name} left ${quoted(data)} as data; its shape [${shape}] needs an array of ${size} numbers.`,
    );
  if (data.length !== size)
    throw new Error(
      `runWithHooks: the hook at ${name} left ${data.length} numbers, its shape [${shape}] needs ${size}.`,
    );
  if (data instanceof Float32Array || data instanceof Float64Array) return;
  for (let i = 0; i < size; i++)
    if (typeof data[i] !== 'number')
      throw new ArgumentError(
        `runWithHooks: the hook at ${name} left ${quoted(data[i])} at place ${i} of ${size}; leave numbers.`,
      );
}
