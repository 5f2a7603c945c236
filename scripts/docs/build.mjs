// Builds the documentation site into docs/.vitepress/dist, with the web lab beside it (lab/): one folder for any static host.
// The reference is made from the program first. `DOCS_BASE=/somewhere/` is where the site will lie on its host.
import { cpSync, existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'vitepress';
import { apiPages } from './apiPages.mjs';
import { checkLinks } from './checkLinks.mjs';
import { commandPages } from './commandPages.mjs';
import { root } from './library.mjs';
import { schemaPages } from './schemaPages.mjs';

const docs = join(root, 'docs');
const site = join(docs, '.vitepress/dist');
const lab = join(root, 'apps/lab/dist/site');

for (const folder of ['api', 'commands', 'schemas']) rmSync(join(docs, folder), { recursive: true, force: true });
commandPages(join(docs, 'commands'));
schemaPages(join(docs, 'schemas'), join(root, 'packages/cli/schemas'), join(docs, 'public/schemas'));
await apiPages(join(docs, 'api'));
await build(docs);
if (existsSync(lab)) cpSync(lab, join(site, 'lab'), { recursive: true });

const broken = checkLinks(site, process.env.DOCS_BASE ?? '/');
for (const sentence of broken) console.error(sentence);
if (broken.length > 0) process.exitCode = 1;
else console.error(`The site is in ${site}; look at it with: npx vitepress preview docs`);
