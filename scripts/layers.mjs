// Enforces the import directions of docs/architecture.md. Inside core, a folder imports folders to its left only; inside
// circuits and model likewise. Figures knows no core, the web lab's panels are not imported by what they show, and no file
// that a browser loads uses `node:`. Prints each offence; exit code 1 if there is any.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

/** Rooms of a folder in the order in which they may import each other; files beside the rooms stand where `.` does, entries above all. */
const ORDER = {
  'packages/core/src': ['errors', 'random', 'engine', 'model', 'tasks', 'training', 'circuits', 'examples', '.'],
  'packages/core/src/circuits': ['.', 'statistics', 'data', 'attention', 'causal', 'weights', 'claims'],
  'packages/figures/src': ['frame', 'scales', 'marks', 'charts', '.'],
};
/** Files that only Node loads. */
const NODE_ONLY = /^packages\/(cli\/src\/|core\/src\/node\w*\.ts|figures\/src\/(node|svgToPng)\.ts)/;
/** Which packages a package may import. */
const MAY_IMPORT = { core: [], figures: [], cli: ['core', 'figures'], lab: ['core', 'figures'] };

const slashed = (path) => path.split(sep).join('/');

/** Where in a folder's order a file stands; −1 outside of it. */
function rank(file, folder) {
  if (!file.startsWith(`${folder}/`)) return -1;
  const rest = file.slice(folder.length + 1).split('/');
  return ORDER[folder].indexOf(rest.length === 1 ? '.' : rest[0]);
}

const offences = [];
for (const name of Object.keys(MAY_IMPORT)) {
  const folder = name === 'lab' ? 'apps/lab/src' : `packages/${name}/src`;
  for (const entry of readdirSync(join(root, folder), { recursive: true })) {
    const file = `${folder}/${slashed(String(entry))}`;
    if (!/\.tsx?$/.test(file) || file.endsWith('.test.ts')) continue;
    const source = readFileSync(join(root, file), 'utf8');
    for (const [, target] of source.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)) {
      const complain = (rule) => offences.push(`${file} imports ${target}: ${rule}`);
      if (target.startsWith('node:') && !NODE_ONLY.test(file))
        complain('a browser loads this file, so it may not use node:');
      const other = target.match(/^@induction-lab\/(\w+)/)?.[1];
      if (other && !MAY_IMPORT[name].includes(other)) complain(`${name} may not depend on ${other}`);
      if (!target.startsWith('.')) continue;
      const imported = slashed(relative(root, normalize(join(root, dirname(file), target))));
      for (const [room, order] of Object.entries(ORDER)) {
        const [here, there] = [rank(file, room), rank(imported, room)];
        if (here >= 0 && there > here) complain(`against the direction ${order.join(' <- ')} of ${room}`);
      }
    }
  }
}
for (const offence of offences) console.error(offence);
process.exitCode = offences.length > 0 ? 1 : 0;
