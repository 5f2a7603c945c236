import { expect, test } from 'vitest';
import { listed, nearest } from './names.ts';
import { printable, quoted, shortened } from './printable.ts';

test('printable text keeps letters of any script and shows what would act as a picture', () => {
  expect(printable('L0H1 ≤ ü 漢 😀')).toBe('L0H1 ≤ ü 漢 😀');
  expect(printable('a\u001b[2Jb\nc\u007f')).toBe('a␛[2Jb␊c␡');
  expect(printable('\u009b31m \u202eevil\u2028 \ud800 \uffff')).toBe('�31m �evil� � �');
});

test('shortened text says that it was cut, and cuts no character in two', () => {
  expect(shortened('x'.repeat(60))).toBe('x'.repeat(60));
  expect(shortened('x'.repeat(61))).toBe(`${'x'.repeat(59)}…`);
  expect(shortened('😀😀😀', 4)).toBe('😀…');
});

test('quoted values are short, printable and never throw', () => {
  expect(quoted('a\u001b')).toBe('"a\\u001b"');
  expect(quoted(Number.NaN)).toBe('NaN');
  expect(quoted({ a: Number.POSITIVE_INFINITY })).toBe('{"a":"Infinity"}');
  expect(quoted(undefined)).toBe('undefined');
  expect(quoted(10n)).toBe('10');
  const cycle: unknown[] = [];
  cycle.push(cycle);
  expect(quoted(cycle).length).toBeLessThanOrEqual(60);
  expect(quoted('x'.repeat(1e6))).toHaveLength(60);
});

test('long lists name a few and count the rest', () => {
  expect(listed(['a', 'b', 'c'])).toBe('a, b, c');
  expect(listed(Array.from({ length: 20_000 }, (_, i) => `n${i}`))).toBe('n0, n1, n2 and 19,997 more');
});

test('the nearest names come first, and a name of any length is compared in bounded time', () => {
  expect(nearest('hook_zz', ['hook_q', 'hook_z', 'pattern'], 1)).toEqual(['hook_z']);
  expect(nearest('x'.repeat(1e6), ['hook_q', 'hook_z'])).toHaveLength(2);
});

test('what is no plain data is named by what it is, and of what is large only the beginning is written out', () => {
  expect(quoted(Promise.resolve(3))).toBe('a Promise');
  expect(quoted(new Int32Array(3))).toBe('an Int32Array of 3 numbers');
  expect(quoted([new Map()])).toBe('["a Map"]');
  expect(quoted(function train() {})).toBe('the function train');
  expect(quoted(Object.create(null))).toBe('{}');
  expect(quoted({ data: [1, 2n] })).toBe('{"data":[1,"2"]}');
  const started = performance.now();
  expect(quoted(new Array<number>(1e7).fill(7))).toHaveLength(60);
  expect(performance.now() - started).toBeLessThan(1000); // 20 MB of JSON take longer than a slice
  const angry = {
    get x(): number {
      throw new Error('no');
    },
  };
  expect(quoted(angry)).toBe('object');
});
