// Real TransformerLens: tiny models of every family go there and come back, and everything that both compute is compared.
// npm run test:bridge; it installs Python packages into .cache/bridge and rewrites the tables of docs/transformerlens.md.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { resultTable, writeResults } from '../../packages/core/test/support/results.ts';
import { CASES, drawnModel, repeatedTokens } from './cases.ts';
import { type Compared, compare, KINDS } from './compare.ts';
import { decodeSafetensors, type Expected, loadEngine, loadModel, referenceEngine, saveModel } from './library.ts';

const { transformerLens, VERSIONS } = (await import(new URL('environment.mjs', import.meta.url).href)) as {
  transformerLens(): Record<'legacy' | 'bridge', (script: string, ...args: string[]) => string>;
  VERSIONS: Record<string, string>;
};
/** Kept, so that a difference can be looked into. */
const folder = fileURLToPath(new URL('../../.cache/bridge/models', import.meta.url));
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
const file = (name: string): string => join(folder, `${name}.safetensors`);
const read = (name: string): Expected => decodeSafetensors(readFileSync(file(name)), name).tensors;

/** Theirs is float64, written as float32; kernels are float32 throughout. */
const ENGINES = [
  ['reference', referenceEngine, 5e-7],
  ['fastest kernels', await loadEngine(), 2e-5],
] as const;

const results = new Map<string, Map<string, Compared>[]>();
beforeAll(async () => {
  const { legacy } = transformerLens();
  const tokens: Record<string, number[][]> = {};
  for (const [i, [name, options]] of Object.entries(CASES).entries()) {
    const model = drawnModel(options, i);
    tokens[name] = repeatedTokens(model.config);
    await saveModel(model, file(name));
  }
  writeFileSync(join(folder, 'tokens.json'), JSON.stringify(tokens));
  legacy('legacy.py', folder);
}, 3_600_000);

describe.for(Object.keys(CASES))('%s', (name) => {
  test.for(ENGINES)('%s: ours there, and theirs here', async ([label, engine, bound]) => {
    for (const [ours, theirs] of [
      [name, `${name}.ours`],
      [`${name}.theirs`, `${name}.back`],
    ] as const) {
      const model = await loadModel(file(ours), { engine });
      const found = compare(model, repeatedTokens(model.config), read(theirs));
      results.set(label, [...(results.get(label) ?? []), found]);
      for (const [kind, { distance }] of found) expect(distance, `${ours}: ${kind}`).toBeLessThan(bound);
    }
  });
});

test('the table of docs/transformerlens.md', () => {
  const rows = KINDS.map((kind): [string, (runs: readonly Map<string, Compared>[]) => string] => [
    kind,
    (runs) => {
      const found = runs.flatMap((run) => run.get(kind) ?? []);
      const numbers = found.reduce((sum, one) => sum + one.numbers, 0);
      return `${Math.max(...found.map(({ distance }) => distance)).toExponential(0)} (${numbers.toLocaleString('en')} numbers)`;
    },
  ]);
  const table = resultTable(rows, results);
  console.log([`TransformerLens ${VERSIONS.legacy}`, ...table].join('\n'));
  expect(results.get('reference')).toHaveLength(2 * Object.keys(CASES).length);
  writeResults('compared', [`TransformerLens ${VERSIONS.legacy}, ${Object.keys(CASES).length} models, each both ways.`, '', ...table], 'transformerlens');
});
