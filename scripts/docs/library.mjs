// The public library as TypeDoc reads it: every entry of the packages' exports, rooms first, so that what a room exports is
// documented there and named where it is exported again.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Application, ReflectionKind } from 'typedoc';

export const root = join(dirname(fileURLToPath(import.meta.url)), '../..');

/** Entries that gather rooms or add to them come last, in this order; a room within a room comes before it. */
const LAST = ['./circuits', '.', './browser', './node', './gpu', './node-gpu'];

/** What can be imported: `{ name: '@induction-lab/core/node', source: 'packages/core/src/node.ts' }`. */
export function entries() {
  return ['core', 'figures'].flatMap((folder) => {
    const { name, exports } = JSON.parse(readFileSync(join(root, 'packages', folder, 'package.json'), 'utf8'));
    return (
      Object.entries(exports)
        // The standalone file is the browser's entry once more.
        .filter(([path, target]) => target.types && !path.startsWith('./internal') && path !== './standalone')
        .sort(([a], [b]) => LAST.indexOf(a) - LAST.indexOf(b))
        .map(([path, target]) => ({
          name: `${name}${path.slice(1)}`,
          source: `packages/${folder}/${target.types.replace('./dist/', 'src/').replace('.d.ts', '.ts')}`,
        }))
    );
  });
}

/** TypeDoc with its options, and the project that it has read, a module for each entry, named as it is imported. */
export async function readLibrary(options = {}) {
  const all = entries();
  const app = await Application.bootstrapWithPlugins({
    options: join(root, 'typedoc.json'),
    sortEntryPoints: false,
    entryPoints: all.map(({ source }) => join(root, source)),
    ...options,
  });
  const project = await app.convert();
  if (!project) throw new Error('TypeDoc could not read the library; the messages above say why.');
  for (const module of project.getChildrenByKind(ReflectionKind.Module)) {
    const file = project.getSymbolIdFromReflection(module)?.fileName ?? '';
    module.name = all.find(({ source }) => file.replaceAll('\\', '/').endsWith(source))?.name ?? module.name;
  }
  return { app, project };
}
