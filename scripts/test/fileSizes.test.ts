// Files stay small: a source is about one thing.
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const MOST_LINES = 300;
const MOST_MEDIAN = 120;

const root = new URL('../../', import.meta.url);
const SOURCES = [
  ...['core', 'figures', 'cli'].map((name) => `packages/${name}/src/`),
  ...['packages/core/assembly/', 'apps/lab/src/', 'apps/lab/build/', 'notebooks/support/', 'benchmarks/', 'scripts/'],
];

/** Source files below a folder, with tests and what a build writes aside, and their count of lines. */
const sizes = SOURCES.flatMap((folder) =>
  readdirSync(new URL(folder, root), { recursive: true })
    .map((entry) => `${folder}${String(entry).replaceAll('\\', '/')}`)
    .filter((path) => /\.(ts|tsx|mjs)$/.test(path) && !/\.test\.ts$|\/test\/|\/generated\/|\/node_modules\//.test(path))
    .map((path) => ({ path, lines: readFileSync(new URL(path, root), 'utf8').split('\n').length - 1 })),
);

test(`every source file stays below ${MOST_LINES} lines`, () => {
  expect(sizes.length).toBeGreaterThan(200);
  const long = sizes.filter(({ lines }) => lines >= MOST_LINES).map(({ path, lines }) => `${path}: ${lines}`);
  expect(long).toEqual([]);
});

test.for(SOURCES)(`half of the files of %s stay below ${MOST_MEDIAN} lines`, (folder) => {
  const lines = sizes.filter(({ path }) => path.startsWith(folder)).map((size) => size.lines);
  expect(lines.sort((a, b) => a - b)[Math.floor(lines.length / 2)]).toBeLessThan(MOST_MEDIAN);
});
