// Real TransformerLens: tiny models of every family go there and come back, and everything that both compute is compared.
// npm run test:bridge; it installs Python packages into .cache/bridge and rewrites the tables of docs/transformerlens.md.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { resultTable, writeResults } from '../../packages/core/test/support/results.ts';
import { CASES, drawnModel, everydayModel, repeatedTokens } from './cases.ts';
import { type Compared, compare, compareRuns, distanceOf, KINDS } from './compare.ts';
import { EVERYDAY, everydayTokens, hereOf, setUp } from './everyday.ts';
import {
  decodeCheckpoint,
  decodeSafetensors,
  type Expected,
  handBuiltInduction,
  loadEngine,
  loadModel,
  openCheckpoint,
  prepareConversion,
  referenceEngine,
  saveModel,
  sourceOf,
} from './library.ts';

const { transformerLens, VERSIONS } = (await import(new URL('environment.mjs', import.meta.url).href)) as {
  transformerLens(): Record<'legacy' | 'bridge', (script: string, ...args: string[]) => string>;
  VERSIONS: Record<string, string>;
};
/** Kept, so that a difference can be looked into. */
const folder = fileURLToPath(new URL('../../.cache/bridge/models', import.meta.url));
if (!process.env.BRIDGE_KEEP) rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
const file = (name: string): string => join(folder, `${name}.safetensors`);
const read = (name: string): Expected => decodeSafetensors(readFileSync(file(name)), name).tensors;

/** Theirs is float64, written as float32; kernels are float32 throughout. */
const ENGINES = [
  ['reference', referenceEngine, 5e-7],
  ['fastest kernels', await loadEngine(), 2e-5],
] as const;

/** transformers and TransformerLens 4 compute rotary angles in float32, whatever the rest is computed in. */
const ANGLES = 5e-6;

/** The models that the Hugging Face hub has a family for, which TransformerLens 4 boots. */
const BOOTED = [
  'GPT-2 (gelu_new, biases)',
  'Pythia (parallel, rotary)',
  'GPT-J (parallel, adjacent pairs)',
  'Llama (gated, RMSNorm, grouped keys and values)',
  'Llama 3 (scaled rotary)',
  'Qwen 3 (norm of queries and keys)',
];
/** Its own models, as bridge.py draws them. */
const NATIVE = ['attention only', 'MLP', 'relu', 'rotary', 'gated, RMSNorm'];
const NATIVE_TOKENS = repeatedTokens({ dVocab: 19 });

const results = new Map<string, Map<string, Compared>[]>();
const keep = (column: string, found: Map<string, Compared>): void => {
  results.set(column, [...(results.get(column) ?? []), found]);
};
beforeAll(async () => {
  const { legacy, bridge } = transformerLens();
  const tokens: Record<string, number[][]> = { native: NATIVE_TOKENS };
  for (const [i, [name, options]] of Object.entries(CASES).entries()) {
    const model = drawnModel(options, i);
    tokens[name] = repeatedTokens(model.config);
    await saveModel(model, file(name));
    const opened = openCheckpoint(sourceOf(readFileSync(file(name)), name));
    prepareConversion(opened, 'transformer-lens', name).write(join(folder, 'legacy', name));
    if (BOOTED.includes(name))
      prepareConversion(opened, 'hugging-face', name).write(join(folder, 'hugging-face', name));
  }
  writeFileSync(join(folder, 'tokens.json'), JSON.stringify(tokens));
  if (!process.env.BRIDGE_KEEP) legacy('legacy.py', folder);
  if (!process.env.BRIDGE_KEEP) bridge('bridge.py', folder);
}, 3_600_000);

describe.for(Object.keys(CASES))(`TransformerLens ${VERSIONS.legacy}: %s`, (name) => {
  test.for(ENGINES)('on %s, ours there and theirs here', async ([label, engine, bound]) => {
    for (const [ours, theirs] of [
      [name, `legacy/${name}.ours`],
      [`legacy/${name}.theirs`, `legacy/${name}.back`],
    ] as const) {
      const model = await loadModel(file(ours), { engine });
      const found = compare(model, repeatedTokens(model.config), read(theirs));
      keep(`${VERSIONS.legacy}, ${label}`, found);
      for (const { distance, worst } of found.values()) expect(distance, `${ours}: ${worst}`).toBeLessThan(bound);
    }
  });
});

test.for(BOOTED)(
  `TransformerLens ${VERSIONS.bridge} boots what convert has written for transformers: %s`,
  async (name) => {
    const model = await loadModel(file(name), { engine: referenceEngine });
    const found = compareRuns(model, {
      ...{ tokens: repeatedTokens(model.config), expected: read(`hugging-face/${name}`) },
      scoresArePattern: name.startsWith('GPT-J'),
    });
    keep(`${VERSIONS.bridge}`, found);
    for (const { distance, worst } of found.values()) expect(distance, worst).toBeLessThan(ANGLES);
  },
);

describe.for(['native', 'bridge'])(`TransformerLens ${VERSIONS.bridge}, its own models, under %s names`, (spelling) => {
  test.for(NATIVE)('%s', async (name) => {
    const model = await loadModel(file(`native/${name}.${spelling}`), { engine: referenceEngine });
    const { weights: all } = decodeCheckpoint(readFileSync(file(`native/${name}.gradients`)), name);
    // They have no bias of the unembedding, and none in gated MLPs.
    const absent = model.config.gatedMlp ? /^unembed\.b_U$|mlp\.b_/ : /^unembed\.b_U$/;
    const weights = Object.fromEntries(Object.entries(all).filter(([weight]) => !absent.test(weight)));
    const found = compareRuns(model, {
      ...{ tokens: NATIVE_TOKENS, expected: read(`native/${name}.computed`), scoresArePattern: true, weights },
    });
    if (spelling === 'native') expect(found.get('gradients of weights')!.numbers).toBeGreaterThan(500);
    keep(`${VERSIONS.bridge}`, found);
    for (const { distance, worst } of found.values()) expect(distance, worst).toBeLessThan(ANGLES);
  });
});

describe('twenty everyday things', () => {
  const model = everydayModel();
  const where = join(folder, 'everyday');
  let theirs: Expected = {};
  beforeAll(async () => {
    const path = join(where, 'ours.safetensors');
    await saveModel(model, path);
    const opened = openCheckpoint(sourceOf(readFileSync(path), 'everyday'));
    prepareConversion(opened, 'transformer-lens', 'everyday').write(join(where, 'model'));
    const there = EVERYDAY.map((row) => row.there);
    const given = { ...everydayTokens(model.config.dVocab), setUp: setUp('python'), there };
    writeFileSync(join(where, 'everyday.json'), JSON.stringify(given));
    transformerLens().legacy('everyday.py', where);
    theirs = read('everyday/everyday');
  }, 600_000);

  test.for([...EVERYDAY.entries()])('%s: both sides give the same', ([i, row]) => {
    expect(distanceOf(hereOf(row, model), theirs[i]!.data, row.what)).toBeLessThan(2e-5);
  });
});

test(`traps in TransformerLens ${VERSIONS.legacy} are still there`, async () => {
  const path = join(folder, 'written.safetensors');
  await saveModel(handBuiltInduction(referenceEngine, { dVocab: 6, nCtx: 12 }), path);
  const opened = openCheckpoint(sourceOf(readFileSync(path), 'written'));
  prepareConversion(opened, 'transformer-lens', 'written').write(join(folder, 'written'));
  const said = transformerLens().legacy('traps.py', folder).trim().split('\n').at(-1)!;
  console.log(said);
  const traps = JSON.parse(said) as Record<string, number>;
  expect(traps.folding20).toBeGreaterThan(0.1);
  expect(traps.folding37).toBeLessThan(1e-4);
  expect(traps.composition).toBeGreaterThan(0.01);
  expect(traps.stripe).toBeGreaterThan(0.999);
  expect(traps.induction).toBeLessThan(0.6);
  expect(traps.ln1Calls).toBe(3);
});

test('the table of docs/transformerlens.md', () => {
  const rows = KINDS.map((kind): [string, (runs: readonly Map<string, Compared>[]) => string] => [
    kind,
    (runs) => {
      const found = runs.flatMap((run) => run.get(kind) ?? []);
      if (found.length === 0) return '';
      const numbers = found.reduce((sum, one) => sum + one.numbers, 0);
      return `${Math.max(...found.map(({ distance }) => distance)).toExponential(0)} (${numbers.toLocaleString('en')})`;
    },
  ]);
  const table = resultTable(rows, results);
  console.log(table.join('\n'));
  expect(results.get(`${VERSIONS.legacy}, reference`)).toHaveLength(2 * Object.keys(CASES).length);
  const distances = [...results.values()].flat().flatMap((run) => [...run.values()].map(({ distance }) => distance));
  expect(Math.max(...distances), 'nothing is written of a run that differs').toBeLessThan(2e-5);
  writeResults('compared', table, 'transformerlens');
});
