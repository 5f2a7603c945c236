// Enforces the import direction of docs/architecture.md: errors <- engine <- model <- training <- circuits inside core, figures
// apart from core, and no `node:` import where a browser loads. Prints each offence; exit code 1 if there is any.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const LAYERS = ['errors', 'engine', 'model', 'training', 'circuits'];
/** Files that only Node loads. */
const NODE_ONLY = /^packages\/(cli\/src\/|core\/src\/node\w*\.ts|figures\/src\/(node|svgToPng)\.ts)/;
/** Which packages a package may import. */
const MAY_IMPORT = { core: [], figures: [], cli: ['core', 'figures'], lab: ['core', 'figures'] };

/** Place of a file of core among the layers; entry files stand above them all. */
const layerOf = (file) => {
  const found = LAYERS.indexOf(file.split('/')[3]);
  return found < 0 ? LAYERS.length : found;
};

const offences = [];
for (const name of Object.keys(MAY_IMPORT)) {
  const folder = name === 'lab' ? 'apps/lab/src' : `packages/${name}/src`;
  for (const entry of readdirSync(join(root, folder), { recursive: true })) {
    const file = `${folder}/${String(entry).split(sep).join('/')}`;
    if (!/\.tsx?$/.test(file) || file.endsWith('.test.ts')) continue;
    const source = readFileSync(join(root, file), 'utf8');
    for (const [, target] of source.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)) {
      const complain = (rule) => offences.push(`${file} imports ${target}: ${rule}`);
      if (target.startsWith('node:') && !NODE_ONLY.test(file))
        complain('a browser loads this file, so it may not use node:');
      const other = target.match(/^@induction-lab\/(\w+)/)?.[1];
      if (other && !MAY_IMPORT[name].includes(other)) complain(`${name} may not depend on ${other}`);
      if (name !== 'core' || !target.startsWith('.')) continue;
      const imported = relative(root, normalize(join(root, dirname(file), target)))
        .split(sep)
        .join('/');
      if (layerOf(imported) > layerOf(file)) complain(`against the direction ${LAYERS.join(' <- ')}`);
    }
  }
}
for (const offence of offences) console.error(offence);
process.exitCode = offences.length > 0 ? 1 : 0;
