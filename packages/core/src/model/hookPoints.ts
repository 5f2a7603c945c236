// The hook points that a model has: what its components declare, in forward order.
import * as z from 'zod/mini';
import type { Floats } from '../engine/tensor.ts';
import { checkArgument } from '../errors/arguments.ts';
import { components } from './components/components.ts';
import { type Axis, type HookPoint, headAxis } from './components/hookPoint.ts';
import type { ModelConfig } from './config.ts';
import { keyValueHeads } from './heads.ts';

export { type Axis, type HookPoint, hasHeads, headAxis, isSquare } from './components/hookPoint.ts';

const Options = z.strictObject({ onRequest: z.boolean() });

/**
 * The names of every hook point of this model in forward order; those on request only when asked for.
 * @param options.onRequest Whether those are listed that are there when they are named.
 * @returns Names, in forward order.
 * @throws an ArgumentError for options that it does not have.
 */
export function hookPoints(config: ModelConfig, options: { onRequest: boolean }): string[] {
  checkArgument('hookPoints', 'options', Options, options);
  return declaredHookPoints(config)
    .filter((point) => options.onRequest || !point.onRequest)
    .map(({ name }) => name);
}

interface Declared {
  readonly points: readonly HookPoint[];
  readonly byName: ReadonlyMap<string, HookPoint>;
}

const known = new WeakMap<ModelConfig, Declared>();

function declared(config: ModelConfig): Declared {
  const before = known.get(config);
  if (before) return before;
  const points = [...components(config)].flatMap(({ hooks }) => hooks);
  const now = { points, byName: new Map(points.map((point) => [point.name, point])) };
  if (Object.isFrozen(config)) known.set(config, now); // what may still change is not remembered
  return now;
}

/** Every hook point with its axes, those on request too, in forward order. */
export const declaredHookPoints = (config: ModelConfig): readonly HookPoint[] => declared(config).points;

/** The hook point of that name; the name must be one of this model's. */
export const hookPoint = (config: ModelConfig, name: string): HookPoint =>
  declared(config).byName.get(name) as HookPoint;

/**
 * The axes of an activation of that shape. Keys and values that heads share are each head's own in a run in which heads have
 * inputs of their own.
 */
export const axesOf = (config: ModelConfig, name: string, shape: readonly number[]): Axis[] =>
  hookPoint(config, name).axes.map((axis, i) =>
    axis === 'keyValueHead' && shape[i] !== keyValueHeads(config) ? 'head' : axis,
  );

/** The axes that an activation has in a run with inputs of their own for the heads of these layers. */
export const axesIn = (
  config: ModelConfig,
  name: string,
  { splitInputs }: { splitInputs: readonly number[] },
): Axis[] =>
  hookPoint(config, name).axes.map((axis) =>
    axis === 'keyValueHead' && splitInputs.includes(Number(name.split('.')[1])) ? 'head' : axis,
  );

/** How many heads of an activation of that shape stand for one head of the hook point, which several share. */
export const copiesIn = (config: ModelConfig, point: HookPoint, shape: readonly number[]): number =>
  headAxis(point) === 'keyValueHead' ? (shape[2] as number) / keyValueHeads(config) : 1;

/** Length of an axis; null where it is that of the sequences, or their number. */
export function axisSize(config: ModelConfig, axis: Axis): number | null {
  const { nHeads: head, dModel, dHead, dMlp = 0 } = config;
  const sizes = { head, keyValueHead: keyValueHeads(config), dModel, dHead, dMlp, one: 1 };
  return axis in sizes ? sizes[axis as keyof typeof sizes] : null;
}

/** Numbers that a hook point holds for each position (of queries) of a sequence of `length` tokens. */
export const sizePerPosition = (config: ModelConfig, { axes }: Pick<HookPoint, 'axes'>, length: number): number =>
  axes
    .filter((axis) => axis !== 'batch' && axis !== 'pos' && axis !== 'queryPos')
    .reduce((product, axis) => product * (axisSize(config, axis) ?? length), 1);

/** No intervention can let a query see future keys: what is left there is what the point says stands for the future. */
export function hideFuture({ future }: HookPoint, shape: readonly number[], data: Floats): void {
  if (future === undefined) return;
  const length = shape[3] as number;
  for (let row = 0; row < data.length / length; row++)
    data.fill(future, row * length + (row % length) + 1, (row + 1) * length);
}
