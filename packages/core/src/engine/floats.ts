// Numbers in single or double precision under one type, with which one can compute.

/** What a call on each number of `Floats` is given. */
type Each<T> = (value: number, index: number, array: Floats) => T;
type Fold<T> = (before: T, value: number, index: number, array: Floats) => T;

/**
 * The methods whose types in Float32Array and Float64Array name the one or the other, so that on a union of the two they
 * cannot be called, or give a union again. They are those arrays' own methods, and only those of ES2022: who compiles for
 * no more than that can still hand over a plain array.
 */
interface FloatMethods {
  reduce(fold: (before: number, value: number, index: number, array: Floats) => number): number;
  reduce<T>(fold: Fold<T>, start: T): T;
  reduceRight(fold: (before: number, value: number, index: number, array: Floats) => number): number;
  reduceRight<T>(fold: Fold<T>, start: T): T;
  map(change: Each<number>, thisArg?: unknown): Floats;
  filter(test: Each<unknown>, thisArg?: unknown): Floats;
  slice(start?: number, end?: number): Floats;
  subarray(start?: number, end?: number): Floats;
}

/**
 * float32 from the kernels, or float64 from the reference engine and from statistics. Every method of a typed array can be
 * called without asking which of the two it is; either of them is one.
 */
export type Floats = FloatMethods & (Float32Array | Float64Array);
