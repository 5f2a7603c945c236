// Where an engine finds its files: beside the library, or where a bundler has put them.
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { loadEngine, Model } from '../src/node.ts';

const kernels = (build: string): URL => new URL(`../dist/kernels/${build}.wasm`, import.meta.url);
const OPTIONS = { nLayers: 1, nHeads: 2, dModel: 64, dHead: 32, nCtx: 64, dVocab: 64 };
const tokens = Array.from({ length: 16 }, () => new Int32Array(64));

test('kernels come from where wasmUrl says, by build', async () => {
  const asked: string[] = [];
  const engine = await loadEngine({
    exact: true,
    wasmUrl: (build) => {
      asked.push(build);
      return fileURLToPath(kernels(build));
    },
  });
  expect(asked).toEqual(['simd']);
  expect(new Model(engine, OPTIONS).run(tokens).batch).toBe(16);
  await expect(loadEngine({ wasmUrl: () => '/nowhere/simd.wasm' })).rejects.toThrow(
    /^loadEngine: the kernels could not be read \(ENOENT: .*\); correct wasmUrl\.$/,
  );
});

test('helpers come from where helperUrl says, and an engine that needs none has none', async () => {
  const engine = await loadEngine({ threads: 2, helperUrl: new URL('../dist/nodeHelper.js', import.meta.url) });
  expect(engine.helpers?.count).toBe(1);
  engine.helpers?.close();
  expect((await loadEngine()).helpers).toBeNull();
  await expect(loadEngine({ threads: 2, helperUrl: 'file:///nowhere.js' })).rejects.toThrow(/nowhere\.js/);
  await expect(loadEngine({ threads: 0 })).rejects.toThrow(/^loadEngine: options\.threads must be at least 1/);
});

test.for([
  'kernels/simd.wasm',
  'kernels/relaxed.wasm',
  'threads/nodeWorker.js',
  'threads/nodeHelper.js',
  'threads/browserWorker.js',
  'threads/browserHelper.js',
])('the package gives bundlers %s', (path) => {
  expect(import.meta.resolve(`@induction-lab/core/${path}`)).toMatch(/dist\/(kernels\/)?\w+\.(js|wasm)$/);
});
