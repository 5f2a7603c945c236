// Validation at the public boundary. Every message: function, expectation, what came instead, remedy.

/** Softmax in float32 and means over a batch leave the exact range by rounding only. */
const roundingTolerance = 1e-5;

/** Throws unless the value is a finite number. */
export function checkFinite(where: string, name: string, value: number): void {
  if (typeof value !== 'number' || !Number.isFinite(value)) {
    throw new Error(
      `${where}: ${name} is ${String(value)}, expected a finite number; leave the point out or fix its source.`,
    );
  }
}

/** Throws unless the value lies in 0..1, up to rounding. */
export function checkShare(where: string, name: string, value: number): void {
  checkFinite(where, name, value);
  if (value < -roundingTolerance || value > 1 + roundingTolerance) {
    throw new Error(
      `${where}: ${name} is ${value}, expected a share from 0 to 1; pass shares of attention, not scores or percentages.`,
    );
  }
}

/** Throws unless the value is [lower end, upper end], both finite. */
export function checkInterval(where: string, name: string, interval: readonly number[]): void {
  for (const end of interval) checkFinite(where, `an end of ${name}`, end);
  if (interval.length !== 2 || interval[0]! > interval[1]!)
    throw new Error(`${where}: ${name} is [${interval.join(', ')}]; pass [lower end, upper end].`);
}

/** Throws unless the value is [low, high], both finite and apart. */
export function checkDomain(where: string, name: string, [low, high]: readonly [number, number]): void {
  for (const end of [low, high]) checkFinite(where, `an end of the ${name}`, end);
  if (!(low < high)) throw new Error(`${where}: ${name} is [${low}, ${high}]; pass [low, high] with low < high.`);
}

/** Throws on an empty list. */
export function checkNotEmpty(where: string, name: string, list: ArrayLike<unknown>, remedy: string): void {
  if (list.length === 0) throw new Error(`${where}: ${name} is empty; ${remedy}.`);
}

/** Throws where a name, such as "head L0H1", comes twice. */
export function checkDistinct(where: string, names: readonly string[], remedy: string): void {
  const seen = new Set<string>();
  for (const name of names) {
    if (seen.has(name)) throw new Error(`${where}: ${name} comes twice; ${remedy}.`);
    seen.add(name);
  }
}

/** Throws unless the value is a whole number of at least `least`. */
export function checkWhole(where: string, name: string, value: number, least: number): void {
  if (!Number.isInteger(value) || value < least) {
    throw new Error(`${where}: ${name} is ${String(value)}, expected a whole number of at least ${least}; pass one.`);
  }
}

/** Throws unless the named values ascend strictly. */
export function checkAscending(where: string, name: string, values: readonly number[]): void {
  for (let i = 1; i < values.length; i++) {
    if (!(values[i]! > values[i - 1]!)) {
      throw new Error(
        `${where}: ${name} ${values[i]} follows ${name} ${values[i - 1]}; pass points in ascending order, each once.`,
      );
    }
  }
}

/** Throws unless `pattern` is a causal attention pattern, row-major [queryPos, keyPos], shape [size, size], weights 0 to 1. */
export function checkPattern(where: string, label: string, pattern: ArrayLike<number>, size: number): void {
  if (pattern.length !== size * size) {
    throw new Error(
      `${where}: head ${label} has ${pattern.length} weights, size ${size} needs ${size * size}; pass its whole pattern [queryPos, keyPos], row-major.`,
    );
  }
  for (let query = 0; query < size; query++) {
    for (let key = 0; key < size; key++) {
      const weight = pattern[query * size + key]!;
      if (!(weight >= -roundingTolerance && weight <= 1 + roundingTolerance)) {
        throw new Error(
          `${where}: head ${label} has weight ${weight} at query ${query}, key ${key}, expected 0 to 1; pass the pattern after softmax, not the scores.`,
        );
      }
      if (key > query && weight > roundingTolerance) {
        throw new Error(
          `${where}: head ${label} attends to the future (weight ${weight} at query ${query}, key ${key}); pass a causal pattern as pattern[query * size + key].`,
        );
      }
    }
  }
}
