// A stranger with five minutes: an empty folder, the packages, the lines of the README, and a page built by Vite that trains
// and audits.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, inject, test } from 'vitest';
import { launch } from '../../apps/lab/test/support.ts';
import { serveFolder } from '../test/serveFolder.ts';
import { emptyProject } from './emptyProject.ts';

const MINUTES = 5;
const VITE = '8.4.0';

/** The code blocks of a document in one language. */
const blocks = (path: string, language: string): string[] =>
  Array.from(
    readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8').matchAll(/```(\w+)\n(.*?)```/gs),
    ([, found, code]) => (found === language ? code! : ''),
  ).filter((code) => code !== '');

test(`from an empty folder to a page of one's own in ${MINUTES} minutes`, {
  timeout: 2 * MINUTES * 60_000,
}, async () => {
  const started = performance.now();
  const project = emptyProject(inject('tarballs').slice(0, 3), { from: null });
  const browser = await launch();
  try {
    const [inNode] = blocks('packages/core/README.md', 'js');
    writeFileSync(join(project.folder, 'first.js'), inNode!);
    expect(project.run('node', 'first.js')).toMatch(
      /^(induction|other circuit|positional shortcut|mixed|not learned)\n/,
    );

    project.run('npx', 'induction-lab', 'train', '--preset', 'literal', '--steps', '60', '--out', 'run', '--quiet');
    const audited = project.run('npx', 'induction-lab', 'audit', 'run/checkpoints/step-000060.safetensors', '--json');
    expect(JSON.parse(audited)).toHaveProperty('verdict');

    const [page] = blocks('packages/core/README.md', 'html');
    project.run('npm', 'install', '--no-audit', '--no-fund', `vite@${VITE}`);
    writeFileSync(join(project.folder, 'index.html'), page!);
    project.run('npx', 'vite', 'build', '--logLevel', 'warn');
    const served = await serveFolder(join(project.folder, 'dist'));
    const opened = await browser.newPage();
    await opened.goto(served.url);
    const shown = opened.locator('output', {
      hasText: /induction|other circuit|positional shortcut|mixed|not learned/,
    });
    await shown.waitFor({ timeout: MINUTES * 60_000 });
    served.close();
    expect((performance.now() - started) / 60_000).toBeLessThan(MINUTES);
  } finally {
    await browser.close();
    project.remove();
  }
});
