// Two questions for each function: is it accurate, and are its bits still the ones that recorded results were made with?
// The pinned bits are what this arithmetic gives, not the nearest float64: the last bit may differ from Math's.
import { expect, test } from 'vitest';
import { exactCosSin, exactExp, exactLog, exactPower } from './exactMath.ts';
import { RandomStream } from './randomStream.ts';

const SAMPLES = 20_000;
/** What Math itself may be off by, on top of what is promised here. */
const MATH_ERROR = 5e-16;

/** The IEEE 754 bits of a float64 as 16 hexadecimal digits. */
function bits(x: number): string {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, x);
  return view.getBigUint64(0).toString(16).padStart(16, '0');
}

/** The largest `error` over evenly distributed numbers in [from, to). */
function worst(from: number, to: number, error: (x: number) => number): number {
  const stream = new RandomStream(1, 1);
  let largest = 0;
  for (let i = 0; i < SAMPLES; i++) {
    const e = error(from + (to - from) * stream.uniform());
    if (!(e <= largest)) largest = e; // keeps a NaN too
  }
  return largest;
}

const relative = (got: number, want: number): number => (got === want ? 0 : Math.abs(got / want - 1));

test('exactLog has a relative error below 1e-15, from the smallest float to the largest and close to 1', () => {
  const ofLog = (x: number): number => relative(exactLog(x), Math.log(x));
  expect(worst(-708, 709, (e) => ofLog(Math.exp(e)))).toBeLessThan(1e-15 + MATH_ERROR);
  expect(worst(0.5, 2, ofLog)).toBeLessThan(1e-15 + MATH_ERROR);
  // Close to 1 the logarithm is close to 0, and only a relative error there is worth having.
  expect(worst(1, 50, (e) => ofLog(1 + 2 ** -e))).toBeLessThan(1e-15 + MATH_ERROR);
  expect(worst(1, 50, (e) => ofLog(1 - 2 ** -e))).toBeLessThan(1e-15 + MATH_ERROR);
  for (const x of [Number.MIN_VALUE, 2 ** -1022, Number.MAX_VALUE]) expect(ofLog(x)).toBeLessThan(1e-15 + MATH_ERROR);
  expect(exactLog(1)).toBe(0);
});

test('exactLog refuses what has no finite logarithm', () => {
  for (const x of [0, -1, Number.NaN, Number.POSITIVE_INFINITY])
    expect(() => exactLog(x)).toThrow(`exactLog: expected a finite positive number, got ${x}.`);
});

test('exactCosSin has an absolute error below 1e-15 for up to 1000 turns either way', () => {
  const ofCosSin = (turns: number): number => {
    const angle = 2 * Math.PI * (turns - Math.round(turns)); // reduced first: 2π·1000 is not exact enough
    const { cos, sin } = exactCosSin(turns);
    return Math.max(Math.abs(cos - Math.cos(angle)), Math.abs(sin - Math.sin(angle)));
  };
  expect(worst(-1000, 1000, ofCosSin)).toBeLessThan(1e-15);
  expect(worst(-0.5, 0.5, ofCosSin)).toBeLessThan(1e-15);
});

test('exactCosSin is exact at quarter turns, forwards and backwards', () => {
  const quarters = [0, 1, 2, 3, 4, 5, -1, -2, -3, -4].map((quarter) => exactCosSin(quarter / 4));
  const [east, north, west, south] = [
    [1, 0],
    [0, 1],
    [-1, 0],
    [0, -1],
  ];
  // + 0 makes −0 and 0 the same.
  expect(quarters.map(({ cos, sin }) => [cos + 0, sin + 0])).toEqual([
    east,
    north,
    west,
    south,
    east,
    north,
    south,
    west,
    north,
    east,
  ]);
});

test('exactExp has a relative error below 1e-14 for |x| < 50 and below 1e-13 for |x| < 700', () => {
  const ofExp = (x: number): number => relative(exactExp(x), Math.exp(x));
  expect(worst(-50, 50, ofExp)).toBeLessThan(1e-14);
  expect(worst(-1e-6, 1e-6, ofExp)).toBeLessThan(1e-15);
  // x − n·ln 2 loses about x·1e-16 absolutely, which is the result's relative error.
  expect(worst(-700, 700, ofExp)).toBeLessThan(1e-13);
  expect(exactExp(0)).toBe(1);
});

test('exactPower multiplies whole powers out', () => {
  expect([exactPower(3, 0), exactPower(3, 1), exactPower(-3, 5), exactPower(2, 52)]).toEqual([1, 3, -243, 2 ** 52]);
  expect(worst(1, 5000, (n) => relative(exactPower(0.999, Math.floor(n)), 0.999 ** Math.floor(n)))).toBeLessThan(1e-12);
});

test('the arithmetic gives the bits that it always gave', () => {
  const logs = [1e-300, 0.1, 0.9999999, 2, 10000, 1e300].map((x) => bits(exactLog(x)));
  expect(logs).toEqual([
    'c085963447f87fb5',
    'c0026bb1bbb55515',
    'be7ad7f2b1049ba0',
    '3fe62e42fefa39ef',
    '40226bb1bbb55515',
    '4085963447f87fb5',
  ]);
  const exponentials = [-9.210340371976184, -0.3, 1e-9, 1, 12.5].map((x) => bits(exactExp(x)));
  expect(exponentials).toEqual([
    '3f1a36e2eb1c4322',
    '3fe7b4c869c37c05',
    '3ff000000044b830',
    '4005bf0a8b14576a',
    '411060c52565ba67',
  ]);
  const turns = [-7.3, 0.05, 1 / 3, 12.34, 511.99].map((x) => exactCosSin(x));
  expect(turns.map(({ cos, sin }) => [bits(cos), bits(sin)])).toEqual([
    ['bfd3c6ef372fe93c', 'bfee6f0e13445502'],
    ['3fee6f0e134454ff', '3fd3c6ef372fe94f'],
    ['bfdffffffffffffd', '3febb67ae8584cab'],
    ['bfe1257e3c182b4a', '3feb04bbff642e8a'],
    ['3fefefd5bfe4441e', 'bfb0130a1be0836b'],
  ]);
  const powers = [bits(exactPower(0.9, 100)), bits(exactPower(0.999, 3000)), bits(exactPower(0.98, 7))];
  expect(powers).toEqual(['3efbda056ed49422', '3fa973e724dad91e', '3febc7af32c3c049']);
});
