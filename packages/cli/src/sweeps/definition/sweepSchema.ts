// What a sweep file may hold (docs/sweeps.md says it in words). The same schemas check a file and make the JSON Schema that
// editors complete and check by.

import { must } from '@induction-lab/core/internal';
import { TOKEN_TYPES, type TokenType } from '@induction-lab/core/node';
import * as z from 'zod/mini';
import { type Measurements, measurementsSchema } from './measurements.ts';

const whole = (least: number, most: number = Number.MAX_SAFE_INTEGER): z.ZodMiniNumber =>
  z.int().check(z.minimum(least), z.maximum(most));
const text = z.string().check(z.minLength(1), z.maxLength(200));
const fields = z.record(text, z.unknown());

/** Runs that a sweep may have, and settings an axis. */
export const MOST = 1_000_000;

/** Fields of an experiment by dotted path, as in `training.learningRate`, and what they are set to. */
export type Fields = Readonly<Record<string, unknown>>;

/** A number that is drawn or counted out between two others. */
export interface Spacing {
  readonly from: number;
  readonly to: number;
  /** Linear unless given. */
  readonly scale?: 'linear' | 'log' | undefined;
  /** Rounded to a whole number. */
  readonly whole?: boolean | undefined;
}

/** An axis, by the field that says where its settings come from. */
export interface AxisJson {
  readonly values: { readonly field: string; readonly values: readonly unknown[]; readonly labels?: readonly string[] };
  readonly range: { readonly field: string; readonly range: Spacing & { readonly count: number } };
  readonly settings: {
    readonly name: string;
    readonly settings: readonly { readonly label: string; readonly set: Fields }[];
  };
  readonly draw: {
    readonly name?: string;
    readonly draw: {
      readonly count: number;
      readonly seed?: number;
      readonly fields: Readonly<Record<string, Spacing | { readonly values: readonly unknown[] }>>;
    };
  };
}
export type AxisKind = keyof AxisJson;
export const AXIS_KINDS: readonly AxisKind[] = ['values', 'range', 'settings', 'draw'];

const spacing = {
  from: z.number(),
  to: z.number(),
  scale: z.optional(z.enum(['linear', 'log'])),
  whole: z.optional(z.boolean()),
};
const someValues = z.array(z.unknown()).check(z.minLength(1));

export const AXIS_SCHEMAS: Readonly<Record<AxisKind, z.ZodMiniType>> = {
  values: z.strictObject({ field: text, values: someValues, labels: z.optional(z.array(text)) }),
  range: z.strictObject({ field: text, range: z.strictObject({ ...spacing, count: whole(1, MOST) }) }),
  settings: z.strictObject({
    name: text,
    settings: z.array(z.strictObject({ label: text, set: fields })).check(z.minLength(1)),
  }),
  draw: z.strictObject({
    name: z.optional(text),
    draw: z.strictObject({
      count: whole(1, MOST),
      seed: z.optional(whole(0)),
      fields: z.record(text, z.union([z.strictObject(spacing), z.strictObject({ values: someValues })])),
    }),
  }),
};

/** How many seeds from 1 on, which ones, or how many from which on. */
export type SeedsJson = number | readonly number[] | { readonly from: number; readonly count: number };

/** A sweep file as it was checked, its axes not yet. */
export interface SweepJson {
  readonly name: string;
  readonly about?: string;
  readonly preset?: string;
  readonly config?: string;
  readonly experiment?: Fields;
  readonly data?: string;
  readonly dataDtype?: TokenType;
  readonly set?: Fields;
  readonly axes?: readonly object[];
  readonly grids?: readonly { readonly name: string; readonly set?: Fields; readonly axes: readonly object[] }[];
  readonly seeds: SeedsJson;
  readonly measure?: Partial<Measurements>;
  readonly exact?: boolean;
}

const seedsSchema = z.union([
  whole(1, MOST),
  z.array(whole(0)).check(z.minLength(1)),
  z.strictObject({ from: whole(0), count: whole(1, MOST) }),
]);

const sweepWith = ({ axis, seeds }: { axis: z.ZodMiniType; seeds: z.ZodMiniType }): z.ZodMiniType =>
  z.strictObject({
    $schema: z.optional(z.string()),
    name: text.check(z.regex(/^[\w.-]+$/, { error: 'use letters, digits, ".", "_" and "-" alone' })),
    about: z.optional(z.string()),
    preset: z.optional(z.string()),
    config: z.optional(z.string()),
    experiment: z.optional(z.record(z.string(), z.unknown())),
    data: z.optional(z.string()),
    dataDtype: z.optional(z.enum(TOKEN_TYPES)),
    set: z.optional(fields),
    axes: z.optional(z.array(axis)),
    grids: z.optional(
      z.array(z.strictObject({ name: text, set: z.optional(fields), axes: z.array(axis) })).check(z.minLength(1)),
    ),
    seeds,
    measure: z.optional(measurementsSchema),
    exact: z.optional(z.boolean()),
  });

/** Checks a file. Axes are checked by kind afterwards, so that messages name what is wrong within one. */
export const sweepFileSchema: z.ZodMiniType = sweepWith({
  axis: must('be an axis, an object', (x) => typeof x === 'object' && x !== null && !Array.isArray(x)),
  seeds: must(
    'be how many seeds, such as 8, a list of them, or { "from": 1, "count": 8 }',
    (x) => seedsSchema.safeParse(x).success,
  ),
});

/** The whole of it, for JSON Schema. */
export const sweepSchema: z.ZodMiniType = sweepWith({ axis: z.union(Object.values(AXIS_SCHEMAS)), seeds: seedsSchema });
