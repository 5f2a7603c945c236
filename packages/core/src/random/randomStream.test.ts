import { describe, expect, test } from 'vitest';
import { RandomStream, threefry, type Words } from './randomStream.ts';

const draws = (stream: RandomStream, count: number): number[] => Array.from({ length: count }, () => stream.word());

// The known-answer vectors of Random123 (kat_vectors: threefry2x32, 20 rounds).
const KNOWN: readonly { key: Words; counter: Words; out: Words }[] = [
  { key: [0, 0], counter: [0, 0], out: [0x6b200159, 0x99ba4efe] },
  { key: [0xffffffff, 0xffffffff], counter: [0xffffffff, 0xffffffff], out: [0x1cb996fc, 0xbb002be7] },
  { key: [0x13198a2e, 0x03707344], counter: [0x243f6a88, 0x85a308d3], out: [0xc4923a9c, 0x483df7a0] },
];

test('threefry-2x32-20 gives the known answers of its authors', () => {
  for (const { key, counter, out } of KNOWN) expect(threefry(key, counter)).toEqual(out);
});

describe('streams', () => {
  test('do not depend on the order in which they are made or drawn from', () => {
    const alone = { a: draws(new RandomStream(7, 1), 9), b: draws(new RandomStream(7, 2), 9) };
    const [b, a] = [new RandomStream(7, 2), new RandomStream(7, 1)];
    const interleaved: { a: number[]; b: number[] } = { a: [], b: [] };
    for (let i = 0; i < 9; i++) {
      interleaved.b.push(b.word());
      interleaved.a.push(a.word());
    }
    expect(interleaved).toEqual(alone);
  });

  test('child(n) is the stream of the longer name, whatever the parent has drawn', () => {
    const parent = new RandomStream(3, 5);
    parent.word();
    expect(draws(parent.child(7), 8)).toEqual(draws(new RandomStream(3, 5, 7), 8));
    parent.normal();
    expect(draws(parent.child(7).child(11), 8)).toEqual(draws(new RandomStream(3, 5, 7, 11), 8));
  });

  test('with different names share no draws', () => {
    const names = [[], [0], [1], [0, 0], [0, 1], [1, 0], [2 ** 32], [2 ** 32 + 1], [1, 2 ** 32], [2 ** 53 - 1]];
    const words = names.flatMap((name) => draws(new RandomStream(...name), 64));
    // 640 words collide by chance with probability 5e-5; the seeds are fixed, so this either always holds or never.
    expect(new Set(words).size).toBe(words.length);
  });

  test('are refused a name that is not a whole number from 0 to 2^53 - 1', () => {
    for (const part of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53]) {
      expect(() => new RandomStream(1, part)).toThrow(/RandomStream: expected whole numbers .* got/);
      expect(() => new RandomStream(1).child(part)).toThrow(RangeError);
    }
  });
});

describe('below(n)', () => {
  test('refuses an n of which no number is below, and halves', () => {
    for (const n of [0, -1, 1.5, Number.NaN, 2 ** 32 + 1, undefined as never, '7' as never])
      expect(() => new RandomStream(1).below(n)).toThrow(
        /^RandomStream: below expects a whole number from 1 to 2\^32, got/,
      );
    expect(new RandomStream(1).below(2 ** 32)).toBe(new RandomStream(1).word());
  });

  test('stays within 0 to n − 1 and reaches every value', () => {
    for (const n of [1, 2, 7, 64]) {
      const stream = new RandomStream(11, n);
      const seen = new Set(Array.from({ length: n * 40 }, () => stream.below(n)));
      expect([...seen].sort((a, b) => a - b)).toEqual(Array.from({ length: n }, (_, i) => i));
    }
  });

  test('is uniform by a chi-square test', () => {
    const [n, count] = [13, 26_000];
    const stream = new RandomStream(5);
    const hits = new Array<number>(n).fill(0);
    for (let i = 0; i < count; i++) hits[stream.below(n)]!++;
    const chiSquare = hits.reduce((sum, hit) => sum + (hit - count / n) ** 2 / (count / n), 0);
    // 12 degrees of freedom: 99.9 % of fair generators stay below 32.9, and 0.1 % below 2.2 would be suspiciously even.
    expect(chiSquare).toBeLessThan(32.9);
    expect(chiSquare).toBeGreaterThan(2.2);
  });
});

test('uniform() lies strictly between 0 and 1 with mean 1/2 and variance 1/12', () => {
  const stream = new RandomStream(2);
  const values = Array.from({ length: 20_000 }, () => stream.uniform());
  expect(Math.min(...values)).toBeGreaterThan(0);
  expect(Math.max(...values)).toBeLessThan(1);
  expectMoments(values, { mean: 1 / 2, variance: 1 / 12 });
});

test('normal() has mean 0, variance 1, no skew and the tails of a normal distribution', () => {
  const stream = new RandomStream(3);
  const values = Array.from({ length: 20_000 }, () => stream.normal());
  expectMoments(values, { mean: 0, variance: 1 });
  const moment = (power: number): number => values.reduce((sum, x) => sum + x ** power, 0) / values.length;
  // Standard errors of the third and fourth moments are sqrt(15 / n) and sqrt(96 / n); four of them are allowed.
  expect(Math.abs(moment(3))).toBeLessThan(4 * Math.sqrt(15 / values.length));
  expect(Math.abs(moment(4) - 3)).toBeLessThan(4 * Math.sqrt(96 / values.length));
  const beyond = values.filter((x) => Math.abs(x) > 1.96).length / values.length;
  expect(Math.abs(beyond - 0.05)).toBeLessThan(4 * Math.sqrt((0.05 * 0.95) / values.length));
});

test('the first normals of a stream are pinned to the bit, since results of old runs depend on them', () => {
  const stream = new RandomStream(1, 2, 3);
  // Shortest decimals name a float64 uniquely, so that equality here is equality of bits.
  expect([stream.normal(), stream.normal()]).toEqual([1.4907342775908161, -0.8298826670927273]);
  expect([stream.word(), stream.below(1000)]).toEqual([2147955625, 229]);
});

function expectMoments(values: readonly number[], want: { mean: number; variance: number }): void {
  const n = values.length;
  const mean = values.reduce((sum, x) => sum + x, 0) / n;
  const variance = values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / n;
  // Four standard errors; that of a variance is at most sqrt(2 / n) of it for both distributions here.
  expect(Math.abs(mean - want.mean)).toBeLessThan(4 * Math.sqrt(want.variance / n));
  expect(Math.abs(variance / want.variance - 1)).toBeLessThan(4 * Math.sqrt(2 / n));
}
