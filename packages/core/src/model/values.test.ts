import { describe, expect, expectTypeOf, test } from 'vitest';
import type { Floats } from '../engine/floats.ts';
import { type NestedNumbers, Values } from './values.ts';

/** 0, 1, 2 …: a number is its place. */
const counting = (size: number): Float32Array => Float32Array.from({ length: size }, (_, i) => i);
const known = new Values('some', { shape: [2, 3, 5], axes: ['batch', 'pos', 'dModel'] as const, data: counting(30) });
const unknown: Values = known;

test('a number by its indices, a row by all but the last', () => {
  expect([known.at(0, 0, 0), known.at(0, 2, 3), known.at(1, 0, 4), known.at(1, 2, 4)]).toEqual([0, 13, 19, 29]);
  expect([...known.row(1, 1)]).toEqual([20, 21, 22, 23, 24]);
  expect(known.row(0, 1)).toBeInstanceOf(Float32Array);
  expect(known.row(1, 1).reduce((a, b) => a + b)).toBe(110);
});

test('nested arrays, an array for each axis', () => {
  const small = new Values('small', { shape: [2, 1, 3], axes: ['a', 'b', 'c'] as const, data: counting(6) });
  expect(small.toNested()).toEqual([[[0, 1, 2]], [[3, 4, 5]]]);
  expect(new Values('empty', { shape: [2, 0], axes: ['a', 'b'], data: counting(0) }).toNested()).toEqual([[], []]);
  expect(new Values('one', { shape: [], axes: [] as const, data: counting(1) }).toNested()).toBe(0);
});

test('a row is a copy', () => {
  known.row(0, 0).fill(7);
  expect(known.at(0, 0, 1)).toBe(1);
});

test('the compiler knows how many indices there are, where it knows the axes', () => {
  expectTypeOf(known.at).parameters.toEqualTypeOf<[number, number, number]>();
  expectTypeOf(known.row).parameters.toEqualTypeOf<[number, number]>();
  // @ts-expect-error: an index too few
  expect(() => known.at(0, 0)).toThrow('takes 3 indices');
  expectTypeOf(known.toNested()).toEqualTypeOf<number[][][]>();
  expectTypeOf(unknown.at).toBeCallableWith(0, 0, 0);
  expectTypeOf(unknown.row).toBeCallableWith(...[0, 0]);
  expectTypeOf(unknown.toNested()).toEqualTypeOf<NestedNumbers>();
  expectTypeOf(unknown.row(0, 1)).toEqualTypeOf<Floats>();
  expectTypeOf<typeof known>().toExtend<{ name: string; shape: readonly number[]; data: Floats }>();
});

describe('an index that there is none of is refused by the name of its axis', () => {
  test.each([
    [[0, 3, 0], 'at: pos of some goes from 0 to 2, got 3.'],
    [[0, 0, -1], 'at: dModel of some goes from 0 to 4, got -1.'],
    [[0.5, 0, 0], 'at: batch of some goes from 0 to 1, got 0.5.'],
    [[Number.NaN, 0, 0], 'at: batch of some goes from 0 to 1, got NaN.'],
    [[0, 0], 'at: some has axes [batch, pos, dModel], so at takes 3 indices (batch, pos, dModel), got 2.'],
  ])('at %j', (indices, sentence) => {
    expect(() => unknown.at(...indices)).toThrow(sentence);
  });

  test('row', () => {
    expect(() => unknown.row(0)).toThrow(
      'row: some has axes [batch, pos, dModel], so row takes 2 indices (batch, pos)',
    );
    expect(() => unknown.row(2, 0)).toThrow('row: batch of some goes from 0 to 1, got 2.');
    const one: Values = new Values('one', { shape: [], axes: [], data: counting(1) });
    expect(() => one.row()).toThrow('row: one is a single number and has no rows; use at().');
    expect(one.at()).toBe(0);
  });
});
