import { expect, test } from 'vitest';
import * as z from 'zod/mini';
import { ArgumentError, checkArgument } from './arguments.ts';

const Action = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('zero'), hook: z.string(), head: z.optional(z.int()) }),
  z.strictObject({ kind: z.literal('mean'), hook: z.string(), mean: z.optional(z.array(z.number())) }),
]);
const Options = z.strictObject({
  by: z.optional(z.enum(['zero', 'mean'])),
  count: z.optional(z.int().check(z.minimum(1))),
  actions: z.optional(z.array(Action)),
});

const refusal = (value: unknown): string => {
  try {
    checkArgument('prove', 'options', Options, value);
  } catch (error) {
    expect(error).toBeInstanceOf(ArgumentError);
    return (error as Error).message;
  }
  return 'accepted';
};

test('what fits passes, and nothing is changed', () => {
  expect(refusal({})).toBe('accepted');
  expect(refusal({ by: 'mean', count: 3, actions: [{ kind: 'zero', hook: 'a', head: 1 }] })).toBe('accepted');
});

test.each([
  [{ counts: 3 }, 'prove: options has an unknown field "counts"; the nearest known one is "count".'],
  [{ by: 'resample' }, 'prove: options.by must be "zero" or "mean", got "resample".'],
  [{ count: 0 }, 'prove: options.count must be at least 1, got 0.'],
  [{ count: 1.5 }, 'prove: options.count must be a whole number, got 1.5.'],
  [{ count: 'many' }, 'prove: options.count must be a number, got "many".'],
  [7, 'prove: options must be an object, got 7.'],
  [
    { actions: [{ kind: 'zero', hook: 'a', heads: [1] }] },
    'prove: options.actions.0 has an unknown field "heads"; the nearest known one is "head".',
  ],
  [{ actions: [{ kind: 'zro', hook: 'a' }] }, 'prove: options.actions.0.kind must be "zero" or "mean", got "zro".'],
  [{ actions: [{ kind: 'zero' }] }, 'prove: options.actions.0.hook is missing; it must be a string.'],
  [
    { a1: 1, b2: 1, c3: 1, d4: 1 },
    'prove: options has unknown fields "a1", "b2", "c3" and 1 more; correct or remove them.',
  ],
])('what does not is refused by name: %j', (value, sentence) => {
  expect(refusal(value)).toBe(sentence);
});
