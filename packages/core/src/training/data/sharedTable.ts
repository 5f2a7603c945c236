import type { TokenTable } from './trainingData.ts';

/** The table in memory that threads share, where there is such memory. */
export function sharedTable(table: TokenTable): TokenTable {
  const shared = <T extends Int32Array | Float64Array>(array: T, Kind: new (buffer: SharedArrayBuffer) => T): T => {
    if (array.buffer instanceof SharedArrayBuffer) return array;
    const copy = new Kind(new SharedArrayBuffer(array.byteLength));
    copy.set(array);
    return copy;
  };
  return { ...table, tokens: shared(table.tokens, Int32Array), starts: shared(table.starts, Float64Array) };
}
