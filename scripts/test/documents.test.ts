// What documents and scripts say of where things are is so.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = new URL('../../', import.meta.url);
const read = (page: string): string => readFileSync(new URL(page, root), 'utf8');
const missing = (paths: Iterable<string>): string[] => [...paths].filter((path) => !existsSync(new URL(path, root)));

/** Files and folders that a text names in backticks, from the root of the repository; what commands make is left out. */
const pathsIn = (text: string): string[] =>
  [...text.matchAll(/`((?:packages|apps|notebooks|benchmarks|scripts|docs|examples)\/[^`\s]*)`/g)]
    .map((m) => m[1]!)
    .filter((path) => !/\/(dist|\.jupyter)\b/.test(path));

const documents = ['docs', 'docs/guides'].flatMap((folder) =>
  readdirSync(new URL(folder, root))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `${folder}/${name}`),
);
const pages = ['README.md', 'CONTRIBUTING.md', ...documents];

test.for(pages)('every path that %s names exists', (page) => {
  expect(missing(pathsIn(read(page)))).toEqual([]);
});

test('every page of docs/ stands in the sidebar of the site', async () => {
  const { pages } = await import('../../docs/.vitepress/pages.ts');
  const links = pages([]).flatMap(({ items }) => items.map(({ link }) => link));
  const linkOf = (page: string): string => page.replace('docs', '').replace(/(?:index)?\.md$/, '');
  expect(links).toEqual(expect.arrayContaining(documents.map(linkOf)));
});

test('each row of "where do I put" names one file or folder', () => {
  const rows = read('CONTRIBUTING.md')
    .split('\n')
    .filter((line) => line.startsWith('| ') && !line.startsWith('| what | where'));
  expect(rows.length).toBeGreaterThan(30);
  const paths = rows.map((row) => ({ row, paths: pathsIn(row) }));
  expect(paths.filter((found) => found.paths.length !== 1)).toEqual([]);
});

/** The paths that a drawn tree names: two more spaces of indentation are one folder deeper. */
function treePaths(tree: string): string[] {
  const open: string[] = [];
  return tree.split('\n').map((line) => {
    const [, indent, name] = line.match(/^( *)(\S+)/)!;
    open.splice(indent!.length / 2, Number.POSITIVE_INFINITY, name!);
    return open.join('').replace(/\/+/g, '/');
  });
}

test('the tree in docs/architecture.md is drawn as the folders are', () => {
  const tree = read('docs/architecture.md').match(/```\n([\s\S]*?)\n```/)![1]!;
  const drawn = treePaths(tree);
  expect(drawn).toContain('packages/core/src/circuits/claims/');
  expect(missing(drawn)).toEqual([]);
  for (const sources of [
    'packages/core/src/',
    'packages/core/src/circuits/',
    'packages/figures/src/',
    'packages/cli/src/',
  ])
    for (const entry of readdirSync(new URL(sources, root), { withFileTypes: true }))
      if (entry.isDirectory()) expect(drawn).toContain(`${sources}${entry.name}/`);
});

/** Files of a kind below a folder, from the root of the repository. */
const filesIn = (folder: string, ending: RegExp): string[] =>
  readdirSync(new URL(folder, root), { recursive: true })
    .map((entry) => `${folder}${String(entry).replaceAll('\\', '/')}`)
    .filter((path) => ending.test(path) && !/\/(node_modules|dist)\//.test(path));

test('what scripts import, and what is started by its address, exists', () => {
  const scripts = ['benchmarks/', 'scripts/', 'examples/', 'apps/lab/build/'].flatMap((folder) =>
    filesIn(folder, /\.mjs$/),
  );
  const sources = ['packages/', 'apps/lab/', 'notebooks/'].flatMap((folder) => filesIn(folder, /\.tsx?$/));
  const named = (path: string, what: RegExp): string[] =>
    [...read(path).matchAll(what)].map((m) => fileURLToPath(new URL(m[1]!, new URL(path, root))));
  const found = [
    ...scripts.flatMap((path) => named(path, /(?:from|import) ?\(?'(\.[^']*)'/g)),
    ...[...scripts, ...sources].flatMap((path) => named(path, /new URL\('(\.[^']*\.js)', import\.meta\.url\)/g)),
  ];
  expect(found.length).toBeGreaterThan(30);
  // Of what is built, the source it is built from; a name beside a source is the built one's.
  const sourceOf = (path: string): string => path.replace('/dist/', '/src/').replace(/\.js$/, '.ts');
  expect(found.filter((path) => !existsSync(path) && !existsSync(sourceOf(path)))).toEqual([]);
});
