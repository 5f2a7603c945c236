// The licences of what a bundle holds, from node_modules, as one text: a plugin for Vite and Rolldown. Vite's own `build.license`
// does not see what workers hold.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, parse } from 'node:path';

const ours = new URL('../../LICENSE', import.meta.url);

/** The folder of the package that a module belongs to; null for what is not from node_modules. */
function packageOf(id) {
  const file = id.replace(/^\0/, '').replace(/\?.*$/, '');
  if (!/[\\/]node_modules[\\/]/.test(file)) return null;
  for (let folder = dirname(file); folder !== parse(folder).root; folder = dirname(folder)) {
    const manifest = join(folder, 'package.json');
    if (existsSync(manifest) && JSON.parse(readFileSync(manifest, 'utf8')).version !== undefined) return folder;
  }
  return null;
}

/** A package's name, version and licence in full. Throws an Error for a package without a text of its licence. */
function licenceOf(folder) {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const file = readdirSync(folder).find((entry) => /^(licen[cs]e|copying)(\.|$)/i.test(entry));
  if (file === undefined) throw new Error(`licences: ${name} ${version} has no file with its licence; leave it out.`);
  return { key: `${name} ${version} (${license})`, text: readFileSync(join(folder, file), 'utf8').trim() };
}

/**
 * What bundles hold of other packages: `collect` is the plugin of every bundle that belongs to the whole, workers' included;
 * `emit(fileName)` that of the last one, which writes the file; `text()` what stands there.
 */
export function licencesOf() {
  const found = new Map();
  const collect = {
    name: 'collect-licences',
    generateBundle(_, bundle) {
      for (const { moduleIds = [] } of Object.values(bundle)) {
        for (const id of moduleIds) {
          const folder = packageOf(id);
          if (folder !== null && !found.has(folder)) found.set(folder, licenceOf(folder));
        }
      }
    },
  };
  const text = () => {
    const others = [...new Map([...found.values()].map(({ key, text }) => [key, text]))].sort(([a], [b]) =>
      a < b ? -1 : 1,
    );
    const parts = [['induction-lab (MIT)', readFileSync(ours, 'utf8').trim()], ...others];
    return parts.map(([title, licence]) => `${title}\n${'='.repeat(title.length)}\n\n${licence}\n`).join('\n\n');
  };
  const emit = (fileName) => ({
    name: 'emit-licences',
    apply: 'build',
    generateBundle: {
      order: 'post',
      handler(options, bundle) {
        collect.generateBundle(options, bundle);
        this.emitFile({ type: 'asset', fileName, source: text() });
      },
    },
  });
  return { collect, emit, text };
}
