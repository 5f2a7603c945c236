// Bundles the browser entry into one file that needs nothing beside it: kernels and the scripts of threads are inside, as
// texts of which URLs are made. dist/standalone.js, and the licences of what is in it.
import { readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { licencesOf } from './licences.mjs';

const dist = fileURLToPath(new URL('../../packages/core/dist/', import.meta.url));
const licences = licencesOf();

/** One file in, its text out, with everything that it imports. */
async function bundled(file) {
  const bundle = await rolldown({
    input: file,
    platform: 'browser',
    plugins: [embedUrls, licences.collect],
    treeshake: { moduleSideEffects: (id) => /(Worker|Helper)\.js$/.test(id) },
  });
  const { output } = await bundle.generate({ format: 'es', minify: true, codeSplitting: false });
  if (output.length !== 1) throw new Error(`${basename(file)} became ${output.length} files, not one.`);
  return output[0].code;
}

const URL_BESIDE = /new URL\('(\.[^']+)', import\.meta\.url\)/g;

/** Puts files in where the library says where they lie: `new URL('./file', import.meta.url)`. */
const embedUrls = {
  name: 'embed-urls',
  async transform(code, id) {
    const beside = [...code.matchAll(URL_BESIDE)].map(([text, path]) => ({ text, path: resolve(dirname(id), path) }));
    let out = code;
    for (const { text, path } of beside) {
      const script = path.endsWith('.js');
      const embedded = script
        ? `URL.createObjectURL(new Blob([${JSON.stringify(await bundled(path))}], { type: 'text/javascript' }))`
        : JSON.stringify(`data:application/wasm;base64,${readFileSync(path).toString('base64')}`);
      out = out.replace(text, () => embedded);
    }
    return out;
  },
};

const code = await bundled(`${dist}browser.js`);
if (code.includes('import.meta.url')) throw new Error('The standalone file still asks for files beside it.');
writeFileSync(
  `${dist}standalone.js`,
  `// induction-lab; licences of what is in this file: standalone.licences.txt\n${code}`,
);
writeFileSync(`${dist}standalone.licences.txt`, licences.text());
