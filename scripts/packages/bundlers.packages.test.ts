// The browser entry as people bundle it: built in a project of theirs, run in Chromium, with the bits that Node gives.
import { copyFileSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { launch } from '../../apps/lab/test/support.ts';
import { serveFolder } from '../test/serveFolder.ts';
import { emptyProject, type Project } from './emptyProject.ts';

interface Outcome {
  readonly error?: string;
  readonly verdict: string;
  readonly logits: readonly number[];
  readonly helpers: number;
}

let project: Project;
let browser: Browser;
let expected: Outcome;

beforeAll(async () => {
  project = emptyProject(inject('tarballs').slice(0, 2));
  browser = await launch();
  expected = JSON.parse(project.run('node', 'node.js'));
  expect(expected.error).toBeUndefined();
  expect(expected.logits.every(Number.isFinite)).toBe(true);
});

afterAll(async () => {
  await browser?.close();
  project?.remove();
});

/** What the page in a folder of the project ends with. */
async function outcomeOf(folder: string, page = ''): Promise<Outcome> {
  const served = await serveFolder(join(project.folder, folder));
  const opened = await browser.newPage();
  try {
    await opened.goto(served.url + page);
    await opened.waitForFunction('globalThis.outcome !== undefined', null, { timeout: 240_000 });
    return (await opened.evaluate('globalThis.outcome')) as Outcome;
  } finally {
    await opened.close();
    served.close();
  }
}

/** A page that loads what a bundler made of page.js. */
function addPage(folder: string, script: string): void {
  const html = `<!doctype html><title>built</title><script type="module" src="./${script}"></script>`;
  writeFileSync(join(project.folder, folder, 'index.html'), html);
}

const ESBUILD = ['--bundle', '--format=esm', '--minify', '--log-level=warning'];
const THREADS = ['browserWorker', 'browserHelper'].map((name) => `${name}=@induction-lab/core/threads/${name}.js`);

test('Vite', async () => {
  project.run('npx', 'vite', 'build', '--outDir', 'out/vite', '--base', './', '--logLevel', 'warn');
  expect(await outcomeOf('out/vite')).toEqual(expected);
});

test('webpack', async () => {
  project.run('npx', 'webpack');
  addPage('out/webpack', 'main.mjs');
  expect(await outcomeOf('out/webpack')).toEqual(expected);
});

test('Rollup', async () => {
  project.run('npx', 'rollup', '-c');
  addPage('out/rollup', 'page.js');
  expect(await outcomeOf('out/rollup')).toEqual(expected);
});

test('esbuild', async () => {
  const entries = ['page.js', 'worker=workerWithAddresses.js', ...THREADS];
  project.run('npx', 'esbuild', ...entries, ...ESBUILD, '--loader:.wasm=file', '--outdir=out/esbuild');
  addPage('out/esbuild', 'page.js');
  expect(await outcomeOf('out/esbuild')).toEqual(expected);
});

test('esbuild without the kernels says what is missing and what to do', async () => {
  project.run('npx', 'esbuild', 'page.js', 'worker=workerForgetful.js', ...ESBUILD, '--outdir=out/forgetful');
  addPage('out/forgetful', 'page.js');
  expect((await outcomeOf('out/forgetful')).error).toMatch(
    /loadEngine: the kernels are not at http\S+\.wasm \(404\).*wasmUrl/,
  );
});

test('one file and a script in the page, without a bundler', async () => {
  const from = join(project.folder, 'node_modules/@induction-lab/core');
  const to = join(project.folder, 'out/plain');
  mkdirSync(to, { recursive: true });
  copyFileSync(join(from, 'dist/standalone.js'), join(to, 'standalone.js'));
  copyFileSync(join(from, 'presets/varied.json'), join(to, 'varied.json'));
  copyFileSync(join(project.folder, 'experiment.js'), join(to, 'experiment.js'));
  copyFileSync(join(project.folder, 'standalone.html'), join(to, 'index.html'));
  expect(await outcomeOf('out/plain')).toEqual({ ...expected, helpers: 0 });
  // The same file in a worker has threads.
  copyFileSync(join(project.folder, 'standaloneWorker.js'), join(to, 'worker.js'));
  copyFileSync(join(project.folder, 'page.js'), join(to, 'page.js'));
  writeFileSync(
    join(to, 'threads.html'),
    '<!doctype html><title>threads</title><script type="module" src="./page.js"></script>',
  );
  expect(await outcomeOf('out/plain', 'threads.html')).toEqual(expected);
});

test('one file that esbuild made of a page and the standalone entry', async () => {
  const source =
    "import * as library from '@induction-lab/core/standalone';\nimport preset from '@induction-lab/core/presets/varied.json';\nimport { tell, trainAndAudit } from './experiment.js';\ntell((outcome) => { globalThis.outcome = outcome; }, async () => trainAndAudit(library, preset, { engine: await library.loadEngine({ exact: true }), threads: 1, startPool: library.startInline() }));\n";
  writeFileSync(join(project.folder, 'oneFile.js'), source);
  project.run('npx', 'esbuild', 'oneFile.js', ...ESBUILD, '--outdir=out/oneFile');
  expect(readdirSync(join(project.folder, 'out/oneFile'))).toEqual(['oneFile.js']);
  addPage('out/oneFile', 'oneFile.js');
  expect(await outcomeOf('out/oneFile')).toEqual({ ...expected, helpers: 0 });
});
