// The documentation site: it builds, its links lead somewhere, nothing of it comes from elsewhere, axe finds no fault, and its
// search finds things.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launch, openPage } from '../../apps/lab/test/support.ts';
import { type Served, serveFolder } from './serveFolder.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const site = join(root, 'docs/.vitepress/dist');
const axe = readFileSync(createRequire(join(root, 'apps/lab/package.json')).resolve('axe-core/axe.min.js'), 'utf8');
let served: Served;
let browser: Browser;
let url: string;

beforeAll(async () => {
  const { status, stderr } = spawnSync(process.execPath, [join(root, 'scripts/docs/build.mjs')], { encoding: 'utf8' });
  expect(status, stderr).toBe(0);
  served = await serveFolder(site);
  url = served.url;
  browser = await launch();
}, 900_000);
afterAll(async () => {
  await browser?.close();
  served?.close();
});

const pages = (): string[] =>
  readdirSync(site, { recursive: true })
    .map((file) => String(file).replaceAll('\\', '/'))
    .filter((file) => file.endsWith('.html') && !file.startsWith('lab/') && file !== '404.html');

test('axe finds nothing on any page, light and dark, and nothing comes from elsewhere', {
  timeout: 900_000,
}, async () => {
  expect(pages().length).toBeGreaterThan(40);
  const foreign: string[] = [];
  const found: string[] = [];
  for (const colorScheme of ['light', 'dark'] as const) {
    const { page, errors } = await openPage(browser, url, { colorScheme });
    page.on('request', (request) => request.url().startsWith(url) || foreign.push(request.url()));
    for (const path of pages()) {
      await page.goto(url + path, { waitUntil: 'load' });
      await page.evaluate(axe);
      // The schemes differ in colours alone.
      const rules = colorScheme === 'light' ? {} : { runOnly: ['color-contrast'] };
      const { violations } = (await page.evaluate(`axe.run(document, ${JSON.stringify(rules)})`)) as {
        violations: { id: string; nodes: { target: string[] }[] }[];
      };
      for (const { id, nodes } of violations)
        found.push(`${path} (${colorScheme}): ${id} at ${nodes[0]!.target.join(' ')} and ${nodes.length - 1} more`);
    }
    expect(errors).toEqual([]);
    await page.context().close();
  }
  expect(found).toEqual([]);
  expect(foreign).toEqual([]);
});

test('the search finds an export and a word of a guide, without a server', { timeout: 120_000 }, async () => {
  const { page } = await openPage(browser, url);
  for (const [word, title] of [
    ['activationPatching', /activationPatching/],
    ['cross-origin isolated', /In the browser/],
  ] as const) {
    await page.keyboard.press('Control+k');
    await page.locator('.search-input').fill(word);
    await page.locator('.result', { hasText: title }).first().waitFor();
    await page.keyboard.press('Escape');
  }
  await page.context().close();
});
