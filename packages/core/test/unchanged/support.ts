// What must stay to the last bit, whatever is moved or renamed: fixtures, and how they are compared.
//
//   RECORD=1 npx vitest run packages/core/test/unchanged
//
// rewrites all of them in place of comparing. Do it only for a change that is meant to change numbers, and say so in the
// commit. All that these tests import from the library comes through this file or test/support/models.ts.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { type CachedRun, loadEngine, type NamedWeights } from '../../src/node.ts';

export * from '../../src/node.ts';

export const recording: boolean = process.env.RECORD === '1';

/** The plain-SIMD kernels: the same bits on every machine. */
export const exact: Awaited<ReturnType<typeof loadEngine>> = await loadEngine({ exact: true });

export const fixture = (name: string): URL => new URL(`fixtures/${name}`, import.meta.url);

const BIOME = fileURLToPath(new URL('../../../../node_modules/@biomejs/biome/bin/biome', import.meta.url));

export function keep(name: string, bytes: Uint8Array | string): void {
  mkdirSync(dirname(fileURLToPath(fixture(name))), { recursive: true });
  writeFileSync(fixture(name), bytes);
}

/** Compares with the fixture, number by number as printed in full; or keeps it, where this run records. */
export function expectUnchanged(name: string, found: unknown): void {
  const text = exactText(found);
  if (recording) {
    keep(name, text);
    execFileSync(process.execPath, [BIOME, 'format', '--write', fileURLToPath(fixture(name))], { stdio: 'pipe' });
  }
  // The file is formatted, so both are printed again; parsing and printing loses nothing of a number.
  const kept = readFixture(name);
  const same = JSON.stringify(kept) === text;
  if (!same) expect(JSON.parse(text)).toEqual(kept); // says where
  expect(same, `${name}, to the last bit and in the same order`).toBe(true);
}

export function readFixture(name: string): unknown {
  if (!existsSync(fixture(name))) throw new Error(`There is no ${name}; record it with RECORD=1.`);
  return JSON.parse(readFileSync(fixture(name), 'utf8'));
}

/** JSON in which also −0 and what is no number can be told apart. */
const exactText = (value: unknown): string =>
  JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'number' && (!Number.isFinite(part) || Object.is(part, -0)) ? `number ${printed(part)}` : part,
  );
const printed = (number: number): string => (Object.is(number, -0) ? '-0' : String(number));

/** SHA-256 of the bytes of numbers, float32 or float64 as they are. */
export const hashOf = (data: ArrayLike<number>): string => {
  const floats = data as Float32Array;
  return createHash('sha256')
    .update(new Uint8Array(floats.buffer, floats.byteOffset, floats.byteLength))
    .digest('hex');
};

/** SHA-256 of tensors with their names and shapes, in their order. */
export function hashNamed(tensors: NamedWeights): string {
  const hash = createHash('sha256');
  for (const [name, { shape, data }] of Object.entries(tensors)) hash.update(`${name} [${shape}] ${hashOf(data)}\n`);
  return hash.digest('hex');
}

/** The fingerprint that the page shows of weights: apps/lab/src/worker/look.ts. */
export function fingerprintOf(weights: NamedWeights): string {
  let hash = 0x811c9dc5;
  for (const { data } of Object.values(weights))
    for (const word of new Uint32Array(Float32Array.from(data).buffer)) hash = Math.imul(hash ^ word, 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, '0');
}

/** Shape and hash of every activation that was kept, or of its gradient. */
export const hashesIn = (cache: CachedRun['cache']): Record<string, string> =>
  Object.fromEntries(
    cache.names.map((name) => {
      const { shape, data } = cache.get(name);
      return [name, `[${shape}] ${hashOf(data)}`];
    }),
  );

/** One hash of all of them. */
export const hashAll = (cache: CachedRun['cache']): string =>
  createHash('sha256')
    .update(JSON.stringify(hashesIn(cache)))
    .digest('hex');
