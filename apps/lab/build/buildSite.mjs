// Builds the site into dist/site, and into it a zip of one page that opens from a local folder without a network.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { zipSync } from 'fflate';
import { build } from 'vite';

const lab = fileURLToPath(new URL('..', import.meta.url));
const configFile = `${lab}vite.config.ts`;
const logLevel = 'warn';

await build({ configFile, logLevel });
await build({ configFile, logLevel, mode: 'offline' });

const readme = `induction-lab, offline

Open index.html in a browser. Nothing else is needed, and nothing is loaded from a network.
Training uses one thread here: a page opened from a folder gets no shared memory.
licences.txt has the licences of induction-lab and of what it is built with.
`;
const files = {
  'induction-lab/index.html': readFileSync(`${lab}dist/offline/index.html`),
  'induction-lab/README.txt': new TextEncoder().encode(readme),
  'induction-lab/licences.txt': readFileSync(`${lab}dist/offline/licences.txt`),
};
// A fixed date, so that the same sources give the same file.
const zip = zipSync(files, { level: 9, mtime: new Date('2026-01-01T00:00:00') });
const teacher = `${lab}dist/site/teacher.html`;
const size = `, ${(zip.length / 1e6).toFixed(1)} MB`;
writeFileSync(teacher, readFileSync(teacher, 'utf8').replace('<!--offline size-->', size));
writeFileSync(`${lab}dist/site/induction-lab-offline.zip`, zip);
