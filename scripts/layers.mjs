// Enforces the import directions of docs/architecture.md in a tree (by default this repository): a room imports rooms before
// it only, a package the packages it may, nobody a closed room, and no file that a browser loads uses `node:`. Prints each
// offence; exit code 1 if there is any.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Rooms of a folder in the order in which they may import each other; `.` stands for the files beside them that are not named. */
const ORDER = {
  'packages/core/src': [
    'errors',
    'random',
    'engine',
    'model',
    'text',
    'tasks',
    'training',
    'circuits',
    'examples',
    'gpu',
    '.',
  ],
  'packages/core/src/circuits': [
    '.',
    'statistics',
    'data',
    'attention',
    'causal',
    'weights',
    'map',
    'claims',
    'language',
    'index.ts',
  ],
  'packages/figures/src': ['frame', 'scales', 'marks', 'charts', '.'],
  'packages/cli/src': [
    ...['.', 'terminal', 'aside', 'files', 'runs', 'figures', 'finished', 'report', 'sweeps', 'work', 'commands'],
    ...['main.ts', 'asideWorker.ts', 'sweepProcess.ts'],
  ],
  'packages/cli/src/sweeps': ['definition', 'jobs', 'folder', 'pool', 'gpu', 'engines', 'results'],
  'apps/lab/src': [
    'notFetched.ts',
    'viewRecord.ts',
    'protocol.ts',
    'wallProtocol.ts',
    'copying.ts',
    'worker',
    '.',
    'gallery',
    'lab',
    'bench',
    'lesson',
    'main.tsx',
    'teacher.ts',
  ],
};
/** Rooms that nobody imports: they are started, as a thread of their own. */
const CLOSED = ['apps/lab/src/worker'];
/** Files that only Node loads. */
const NODE_ONLY = /^packages\/(cli\/src\/|core\/src\/node\w*\.ts|figures\/src\/(node|svgToPng)\.ts)/;
/** Sources, and which packages they may import. */
const MAY_IMPORT = {
  'packages/core/src': [],
  'packages/figures/src': [],
  'packages/cli/src': ['core', 'figures'],
  'apps/lab/src': ['core', 'figures'],
};

const root = process.argv[2] ?? join(dirname(fileURLToPath(import.meta.url)), '..');
const slashed = (path) => path.split(sep).join('/');
const within = (file, folder) => file.startsWith(`${folder}/`);

/** Where in a folder's order a file stands; −1 outside of it. */
function rank(file, folder) {
  if (!within(file, folder)) return -1;
  const [name, ...deeper] = file.slice(folder.length + 1).split('/');
  const named = ORDER[folder].indexOf(name);
  return named >= 0 || deeper.length > 0 ? named : ORDER[folder].indexOf('.');
}

/** What is wrong with a file's importing `target`, in sentences. */
function* offencesOf(file, target, packages) {
  if (target.startsWith('node:') && !NODE_ONLY.test(file)) yield 'a browser loads this file, so it may not use node:';
  const other = target.match(/^@induction-lab\/(\w+)/)?.[1];
  if (other && !packages.includes(other)) yield `this package may not depend on ${other}`;
  if (!target.startsWith('.') || target.includes('?')) return; // a name with ? starts a thread
  const imported = slashed(relative(root, normalize(join(root, dirname(file), target))));
  for (const [folder, order] of Object.entries(ORDER)) {
    const [here, there] = [rank(file, folder), rank(imported, folder)];
    if (here >= 0 && there > here) yield `against the direction ${order.join(' <- ')} of ${folder}`;
  }
  for (const folder of CLOSED) if (within(imported, folder) && !within(file, folder)) yield `${folder} is closed`;
}

/** A source without its docstrings: their examples import what a user would. */
const withoutDocumentation = (source) => source.replace(/^ *\/\*\*[\s\S]*?\*\//gm, '');

let offences = 0;
function complain(sentence) {
  console.error(sentence);
  offences++;
}
for (const [folder, packages] of Object.entries(MAY_IMPORT)) {
  if (!existsSync(join(root, folder))) continue;
  for (const entry of readdirSync(join(root, folder), { recursive: true })) {
    const file = `${folder}/${slashed(String(entry))}`;
    if (!/\.tsx?$/.test(file) || file.endsWith('.test.ts')) continue;
    for (const [ordered, order] of Object.entries(ORDER))
      if (within(file, ordered) && rank(file, ordered) < 0)
        complain(`${file} is in no room of ${ordered}: ${order.join(' <- ')}`);
    const source = withoutDocumentation(readFileSync(join(root, file), 'utf8'));
    for (const [, target] of source.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g))
      for (const rule of offencesOf(file, target, packages)) complain(`${file} imports ${target}: ${rule}`);
  }
}
process.exitCode = offences > 0 ? 1 : 0;
