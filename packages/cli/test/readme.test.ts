// What README.md shows works as shown.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { succeed } from './support/inProcess.ts';

const root = new URL('../../../', import.meta.url);
const readme = readFileSync(new URL('README.md', root), 'utf8');
const script = fileURLToPath(new URL('packages/cli/readme-example.tmp.mjs', root)); // inside, so that packages resolve
afterAll(() => rmSync(script, { force: true }));

test('the library example trains a model, audits it, evaluates its circuit and prints its hook points', () => {
  const code = readme.match(/```ts\n([\s\S]*?)```/)![1]!;
  expect(code.split('\n').filter((line) => line.trim() !== '').length).toBeLessThanOrEqual(10);
  writeFileSync(script, code);
  const { status, stdout, stderr } = spawnSync(process.execPath, [script], { encoding: 'utf8' });
  expect(status, stderr).toBe(0);
  expect(stdout).toContain('induction');
  expect(stdout).toContain('blocks.1.attn.hook_pattern');
});

test('the library example of docs/language.md runs, from the root of the repository', () => {
  const code = readFileSync(new URL('docs/language.md', root), 'utf8').match(/```js\n([\s\S]*?)```/)![1]!;
  writeFileSync(script, `${code}console.log(marked, heads.length, reading.copies.length)`);
  const { status, stdout, stderr } = spawnSync(process.execPath, [script], { encoding: 'utf8', cwd: root });
  expect(status, stderr).toBe(0);
  expect(stdout).toMatch(/induction: \[\][\s\S]* 40 \d/);
});

test('every file that README, CONTRIBUTING and docs link to exists', () => {
  for (const page of [
    'README.md',
    'CONTRIBUTING.md',
    'benchmarks/README.md',
    'docs/lesson.md',
    'docs/results.md',
    'docs/scores.md',
    'docs/data.md',
    'docs/causes.md',
    'docs/prompts.md',
    'docs/language.md',
    'docs/python.md',
    'docs/sweeps.md',
    'docs/architecture.md',
    'docs/dependencies.md',
    'docs/notebook.md',
  ]) {
    const text = readFileSync(new URL(page, root), 'utf8');
    const links = [...text.matchAll(/\]\(([^)#]+)\)|(?:src|srcset)="([^"]+)"/g)].map((m) => (m[1] ?? m[2])!);
    for (const link of links.filter((l) => !/^https?:/.test(l)))
      expect(existsSync(new URL(link, new URL(page, root))), `${page} links to ${link}`).toBe(true);
  }
});

test('every command of the command line that README and lesson name exists', async () => {
  const text = readme + readFileSync(new URL('docs/lesson.md', root), 'utf8');
  const commands = new Set([...text.matchAll(/npx induction-lab (\w+)/g)].map((m) => m[1]!));
  expect(commands.size).toBeGreaterThanOrEqual(3);
  for (const command of commands) expect((await succeed(command, '--help')).stdout).toContain('Examples:');
});
