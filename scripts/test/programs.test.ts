// Code in documents runs, and prints what stands below it. UPDATE=1 writes that anew.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CUT, libraryExamples, programOf, withPrinted } from './documentPrograms.ts';

const at = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const pages = ['docs', 'docs/guides'].flatMap((folder) =>
  readdirSync(at(folder))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `${folder}/${name}`),
);
const programs = pages.flatMap((page) => {
  const text = readFileSync(at(page), 'utf8');
  const program = programOf(text);
  return program ? [{ name: page.replaceAll(/\W+/g, '-'), page, text, ...program }] : [];
});

/** Where they run: a folder with the examples in it, as beside a checkout. */
const folder = mkdtempSync(join(tmpdir(), 'programs-'));
const written = at('.cache/programs'); // below the root, so that packages are found
let printed: string[] = [];

beforeAll(() => {
  symlinkSync(at('examples'), join(folder, 'examples'), 'junction');
  mkdirSync(written, { recursive: true });
  const files = [...programs, ...libraryExamples()].map(({ name, code }) => {
    const file = join(written, `${name}.mjs`);
    writeFileSync(file, code);
    return file;
  });
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [at('scripts/docs/runPrograms.mjs'), folder, ...files],
    { encoding: 'utf8' },
  );
  expect(status, stderr).toBe(0);
  printed = JSON.parse(stdout) as string[];
}, 600_000);
afterAll(() => rmSync(folder, { recursive: true }));

test('there are some in most guides, and in the reference', () => {
  expect(programs.length).toBeGreaterThan(5);
  expect(libraryExamples().length).toBeGreaterThan(10);
});

test.for(programs.map((program, i) => ({ ...program, i })))('$page', ({ i, page, text, printed: promised }) => {
  const found = printed[i]!.split(CUT).map((part) => part.trim());
  if (process.env.UPDATE === '1') writeFileSync(at(page), withPrinted(text, found));
  else expect(found).toEqual(promised);
});
