// Tables that a sweep's report has in place of the usual one: which columns of the runs, called what, over which settings.
import * as z from 'zod/mini';

/** How the runs of a setting become a cell. */
const WAYS = {
  range: 'the median, with the lowest and the highest',
  interval: 'the median, with its 95 % bootstrap interval',
  extremes: 'the lowest and the highest, of columns whose names end in Least and Most',
  counts: 'how often each value occurred',
} as const;
export type Way = keyof typeof WAYS;

export interface TableCellJson {
  /** A column of the table that `sweep collect` writes. */
  readonly of: string;
  /** The column's name unless given. */
  readonly heading?: string;
  readonly digits?: number;
  /** Counts of what is no number, a range of numbers, unless given. */
  readonly as?: Way;
}

export interface TableJson {
  /** By which a page asks for it; the one without a name stands where the usual one would. */
  readonly name?: string;
  /** Whether each setting is a row, as unless told, or a column. */
  readonly settings?: 'rows' | 'columns';
  /** The settings that it has; all unless given. */
  readonly only?: readonly string[];
  readonly cells: readonly TableCellJson[];
}

const text = z.string().check(z.minLength(1), z.maxLength(200));

export const tablesSchema: z.ZodMiniType<readonly TableJson[]> = z.array(
  z.strictObject({
    name: z.optional(z.string().check(z.regex(/^[\w-]+$/, { error: 'use letters, digits, "_" and "-" alone' }))),
    settings: z.optional(z.enum(['rows', 'columns'])),
    only: z.optional(z.array(text).check(z.minLength(1))),
    cells: z
      .array(
        z.strictObject({
          of: text,
          heading: z.optional(text),
          digits: z.optional(z.int().check(z.minimum(0), z.maximum(10))),
          as: z.optional(z.enum(Object.keys(WAYS) as [Way, ...Way[]])),
        }),
      )
      .check(z.minLength(1)),
  }),
) as unknown as z.ZodMiniType<readonly TableJson[]>;
