// What users write with a run's numbers compiles (tsconfig.tests.json checks this file) and does what it says.
import { expect, expectTypeOf, test } from 'vitest';
import type { Floats } from './floats.ts';

const both: [string, Floats][] = [
  ['float32', new Float32Array([3, 1, 2])],
  ['float64', new Float64Array([3, 1, 2])],
];

test.for(both)('%s: fold, change, choose, cut, sort, spread and index', ([, numbers]) => {
  expect(numbers.reduce((a, b) => a + b)).toBe(6);
  expect(numbers.reduce((a, b) => a + b, 0) / numbers.length).toBe(2);
  expect(numbers.reduce((all, x, i) => all.set(i, x), new Map<number, number>()).get(2)).toBe(2);
  expect(numbers.reduceRight((text, x) => `${text}${x}`, '')).toBe('213');
  expect(numbers.map((x) => 2 * x).reduce((a, b) => a + b)).toBe(12);
  expect([...numbers.filter((x) => x > 1)]).toEqual([3, 2]);
  expect([...numbers.slice(1), ...numbers.subarray(0, 1)]).toEqual([1, 2, 3]);
  expect(numbers.subarray(1).reduce((a, b) => Math.max(a, b))).toBe(2);
  expect(numbers.findIndex((x) => x < 3 && x > 1)).toBe(2);
  expect(numbers.every((x) => x > 0) && numbers.some((x) => x > 2) && numbers.includes(1)).toBe(true);
  expect(Math.max(...numbers)).toBe(3);
  expect(Array.from(numbers, (x) => x + 1)).toEqual([4, 2, 3]);
  expect([numbers[0], numbers.at(-1), numbers.indexOf(1)]).toEqual([3, 2, 1]);
  expect([...numbers.toSorted()]).toEqual([1, 2, 3]);
  expect([...numbers.toReversed().with(0, 7)]).toEqual([7, 1, 3]);
  let sum = 0;
  for (const x of numbers) sum += x;
  numbers.forEach((x) => {
    sum -= x;
  });
  expect(sum).toBe(0);
  expect([...new Float64Array(numbers)]).toEqual([3, 1, 2]);
});

test('either array is one, and one is still either array', () => {
  expectTypeOf<Float32Array>().toExtend<Floats>();
  expectTypeOf<Float64Array>().toExtend<Floats>();
  expectTypeOf<Float32Array<ArrayBuffer>>().toExtend<Floats>();
  expectTypeOf<Floats>().toExtend<Float32Array | Float64Array>();
  expectTypeOf<Floats>().toExtend<ArrayLike<number>>();
  expectTypeOf<Floats[number]>().toEqualTypeOf<number>();
});
