// Where an engine finds its files: beside the library, or where a bundler has put them.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { loadEngine, Model, startWorkers } from '../src/node.ts';
import { startHelpers } from '../src/nodeHelpers.ts';

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

test('wasmUrl may be the address of one file, whose build is read off it', async () => {
  for (const build of ['simd', 'relaxed'])
    for (const wasmUrl of [kernels(build), fileURLToPath(kernels(build))])
      expect((await loadEngine({ wasmUrl })).backend).toBe(build);
  await expect(loadEngine({ wasmUrl: kernels('relaxed'), exact: true })).rejects.toThrow(
    /^loadEngine: options\.wasmUrl names the build with fused multiply-add, which is not exact; give .*\.$/,
  );
  await expect(loadEngine({ wasmUrl: 3 as never })).rejects.toThrow(
    'loadEngine: options.wasmUrl must be a URL, the text of one, or a function that gives one, got 3.',
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

test('what is no script and no kernels is told in a sentence', async () => {
  for (const helperUrl of ['nowhere', 'https://example.org/x.js'])
    await expect(loadEngine({ threads: 2, helperUrl })).rejects.toThrow(
      `loadEngine: options.helperUrl must be a file's URL, such as pathToFileURL gives, got "${helperUrl}".`,
    );
  expect(() => startWorkers({ workerUrl: 'nowhere' })).toThrow(
    `startWorkers: options.workerUrl must be a file's URL, such as pathToFileURL gives, got "nowhere".`,
  );
  await expect(loadEngine({ threads: 2, helperUrl: 'file:///nowhere.js' })).rejects.toThrow(
    /^loadEngine: the helpers' script could not be read \(ENOENT: .*\); correct helperUrl\.$/,
  );
  for (const shared of [true, false])
    await expect(loadEngine({ shared, wasmUrl: () => fileURLToPath(import.meta.url) })).rejects.toThrow(
      /^The kernels are not what a build makes of them \(.*\); run "npm run build", or correct wasmUrl\.$/,
    );
});

test('who asks helpers that have been closed is told at once, and the model is as good as before', async () => {
  const engine = await loadEngine({ threads: 2 });
  const model = new Model(engine, OPTIONS);
  const many = Array.from({ length: 200 }, () => new Int32Array(64));
  model.run(many);
  engine.helpers?.close();
  expect(() => model.run(many)).toThrow(/^The helper threads of this engine have been closed; load another engine\.$/);
  expect(model.run(tokens).batch).toBe(16);
});

test('a helper that dies takes no process with it, and is replaced', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'helper-'));
  const script = join(folder, 'helper.mjs');
  await writeFile(script, "throw new Error('gone')");
  const start = { module: await WebAssembly.compile(await readFile(kernels('simd'))), backend: 'simd' } as const;
  const helpers = await startHelpers(1, start, pathToFileURL(script));
  helpers.ask(0, 'anything');
  await new Promise((resolve) => setTimeout(resolve, 500));
  await writeFile(
    script,
    "import { parentPort } from 'node:worker_threads'; parentPort.once('message', (flag) => Atomics.store(flag, 0, 1));",
  );
  const flag = new Int32Array(new SharedArrayBuffer(4));
  helpers.ask(0, flag);
  await expect.poll(() => flag[0]).toBe(1);
  helpers.close();
  await rm(folder, { recursive: true });
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
