// The reference step in jax-js with its parallel workers, as a child of run.mjs (protocol: competitor.mjs). jax-js starts
// them where there are Web Workers and shared memory, which is a cross-origin isolated page: it is served from here to
// a Chromium without a window. It starts as many as the page's hardwareConcurrency says, so that is set to the cell's threads.
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { chromium } from 'playwright-core';
import { findBrowser } from '../../scripts/browser.mjs';
import { serve } from './serve.mjs';

const root = new URL('../', import.meta.url);

const PAGE = `<!doctype html><title>jax-js</title>
<script type="importmap">{ "imports": { "@jax-js/jax": "/node_modules/@jax-js/jax/dist/index.js" } }</script>`;

/** Serves the page and the modules of benchmarks/ with the headers that isolate it; resolves to its address. */
async function servePage() {
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, 'http://localhost');
    const headers = { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' };
    try {
      const module = /\.m?js$/.test(pathname);
      const body = pathname === '/' ? PAGE : module ? await readFile(new URL(`.${pathname}`, root)) : '';
      const type = module ? 'text/javascript' : 'text/html; charset=utf-8';
      response.writeHead(200, { ...headers, 'Content-Type': type }).end(body);
    } catch {
      response.writeHead(404, headers).end();
    }
  });
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  return `http://127.0.0.1:${server.address().port}/`;
}

await serve(async (cell) => {
  const url = await servePage();
  const browser = await chromium.launch({
    executablePath: findBrowser(),
    args: ['--disable-dev-shm-usage', ...(process.getuid?.() === 0 ? ['--no-sandbox'] : [])], // root has no sandbox
  });
  const page = await browser.newPage();
  await page.addInitScript((threads) => {
    Object.defineProperty(Navigator.prototype, 'hardwareConcurrency', { get: () => threads });
  }, cell.threads);
  await page.goto(url);
  if (!(await page.evaluate(() => crossOriginIsolated)))
    throw new Error(`Chromium ${browser.version()} does not isolate the page, so jax-js has no workers there.`);
  await page.evaluate(async (given) => {
    const { createStep } = await import('/steps/jaxjsStep.mjs');
    globalThis.step = await createStep(given);
  }, cell);
  const burst = async (steps) => {
    const last = await page.evaluate(async (count) => {
      let loss = Number.NaN;
      for (let i = 0; i < count; i++) loss = await globalThis.step();
      return loss;
    }, steps);
    const workers = page.workers().length; // jax-js starts them with its first kernel
    if (workers !== cell.threads) throw new Error(`jax-js computes on ${workers} workers, not on ${cell.threads}.`);
    return last;
  };
  return {
    version: `${cell.version} in Chromium ${browser.version()}`,
    build: `wasm, ${cell.threads} workers`,
    burst,
    close: () => browser.close(),
  };
});
