// Runs the programs of the gallery (docs/gallery.md) one after the other in this process. Their figures go into the folder
// that is named; what each printed is printed as JSON: { stripe: "query 17 …" }.
import { mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');

/** The programs that the page shows, in its order. */
export const GALLERY = [
  ...readFileSync(join(root, 'docs/gallery.md'), 'utf8').matchAll(/^\[examples\/(\w+)\.mjs\]/gm),
].map(([, name]) => name);

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [, , folder] = process.argv;
  mkdirSync(folder, { recursive: true });
  process.chdir(folder);
  const log = console.log;
  const printed = {};
  for (const name of GALLERY) {
    const lines = [];
    console.log = (...values) => lines.push(values.join(' '));
    await import(pathToFileURL(join(root, 'examples', `${name}.mjs`)).href);
    printed[name] = lines.join('\n');
  }
  log(JSON.stringify(printed));
}
