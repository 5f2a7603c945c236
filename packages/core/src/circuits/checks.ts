// What the analyses are handed, checked before anything is drawn or run: plain JavaScript has no type checker.
import * as z from 'zod/mini';
import { ArgumentError, aFunction, checkArgument } from '../errors/arguments.ts';
import { printable, quoted, shortened } from '../errors/printable.ts';
import type { ModelConfig } from '../model/config.ts';
import { Model } from '../model/model.ts';
import { longestPeriod } from './lengths.ts';

/** Throws an ArgumentError unless it is a Model: most often it is a promise of one, or what a model is made from. */
export function checkModel(caller: string, model: unknown): asserts model is Model {
  if (!(model instanceof Model))
    throw new ArgumentError(`${caller}: the model must be a Model, got ${described(model)}.`);
}

/** Throws an ArgumentError unless it is an instance of that class. */
export function checkInstance(
  caller: string,
  { what, value }: { what: string; value: unknown },
  type: abstract new (...args: never[]) => unknown,
): void {
  if (!(value instanceof type))
    throw new ArgumentError(`${caller}: ${what} must be a ${type.name}, got ${described(value)}.`);
}

/** A value in a few words, and the remedy where it is plain; never the whole of a large object. */
function described(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null || typeof value !== 'object') return typeof value === 'function' ? 'a function' : quoted(value);
  if (typeof (value as { then?: unknown }).then === 'function') return 'a promise; await it first';
  if (Array.isArray(value)) return 'an array';
  const name = String((Object.getPrototypeOf(value) as { constructor?: { name?: string } } | null)?.constructor?.name);
  if (name === 'Object' && 'nLayers' in value) return 'a config; make one with new Model(engine, config)';
  if (name === 'Object' && 'weights' in value) return 'an object that holds weights; set them in a Model';
  return name === 'Object' || name === 'undefined'
    ? `an object with ${keysOf(value)}`
    : `a ${shortened(printable(name), 40)}`;
}

function keysOf(value: object): string {
  const keys = Object.keys(value);
  return keys.length === 0 ? 'no fields' : `fields ${quoted(keys.slice(0, 5))}`;
}

/** Sequences to draw: with more than a hundred thousand, intervals take longer than the model. */
export const sequencesSchema: z.ZodMiniType = z.int().check(z.gte(1), z.lte(100_000));
/** Seeds are names of random streams; close calls and held-out sequences use the two after it. */
export const seedSchema: z.ZodMiniType = z.int().check(z.gte(0), z.lte(Number.MAX_SAFE_INTEGER - 2));
/** Whatever `checkInstance` is asked about afterwards. */
export const instanceSchema: z.ZodMiniType = z.any();

/** The fields that almost every analysis takes. */
export const commonFields: Readonly<Record<'sequences' | 'seed' | 'onProgress', z.ZodMiniType>> = {
  sequences: z.optional(sequencesSchema),
  seed: z.optional(seedSchema),
  onProgress: z.optional(aFunction),
};

/** Throws an ArgumentError unless the options are an object of these fields and no other. */
export const checkOptions = (caller: string, schema: z.ZodMiniType, options: unknown): void =>
  checkArgument(caller, 'options', schema, options);

/** Throws an ArgumentError unless two copies of blocks of these periods fit the context; those below `least` leave no query. */
export function checkPeriods(
  caller: string,
  periods: readonly number[],
  { config, least = 2 }: { config: ModelConfig; least?: 1 | 2 },
): void {
  checkArgument(caller, 'periods', z.array(z.int()).check(z.minLength(1)), periods);
  // The same period twice would draw the same sequences twice, and count them as more evidence.
  const twice = periods.find((period, i) => periods.indexOf(period) < i);
  if (twice !== undefined) throw new ArgumentError(`${caller}: periods has ${twice} twice; name each once.`);
  const longest = longestPeriod(config);
  const wrong = periods.find((period) => period < least || period > longest);
  if (wrong === undefined) return;
  const range = longest < least ? 'there is none' : `periods go from ${least} to ${longest}`;
  throw new ArgumentError(
    `${caller}: a period of ${wrong} cannot be probed; two copies of a block must fit the context of ${config.nCtx}${config.bos === undefined ? '' : ' behind the start token'}, so ${range}.`,
  );
}

/** Heads by layer and number, as arguments. */
export const headSchema: z.ZodMiniType = z.looseObject({ layer: z.int(), head: z.int() });

export const mlpSchema: z.ZodMiniType = z.strictObject({ layer: z.int(), mlp: z.literal(true) });

/** Throws an ArgumentError unless it is a complete config. */
export function checkConfig(caller: string, config: unknown): asserts config is ModelConfig {
  if (config instanceof Model)
    throw new ArgumentError(`${caller}: config must be a ModelConfig, got a Model; pass its config.`);
  const size = z.int().check(z.gte(1));
  checkArgument(
    caller,
    'config',
    z.looseObject({ nLayers: size, nHeads: size, dModel: size, dHead: size, nCtx: size, dVocab: size }),
    config,
  );
}
