// Writes the sizes of the packages into README.md, between its marks: npm run sizes. Packed and unpacked as npm does it, and
// what a browser gets of the standalone file.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const root = fileURLToPath(new URL('../../', import.meta.url));
const WORKSPACES = ['packages/core', 'packages/figures', 'packages/cli', 'apps/lab'];
const MARKS = /(<!-- sizes -->\n).*?(<!-- \/sizes -->)/s;

const packed = Object.values(
  JSON.parse(
    execFileSync('npm', ['pack', '--dry-run', '--json', ...WORKSPACES.flatMap((path) => ['-w', path])], {
      ...{ cwd: root, encoding: 'utf8', maxBuffer: 1e8, stdio: ['ignore', 'pipe', 'inherit'] },
      shell: process.platform === 'win32',
    }),
  ),
);
const megabytes = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`;
const standalone = gzipSync(readFileSync(`${root}packages/core/dist/standalone.js`), { level: 9 }).length;
const rows = packed.map(
  ({ name, size, unpackedSize }) => `| \`${name}\` | ${megabytes(size)} | ${megabytes(unpackedSize)} |`,
);
const table = `| package | to download | unpacked |\n|---|---|---|\n${rows.join('\n')}\n\nThe library as one file for a browser, kernels and workers inside: ${Math.round(standalone / 1000)} kB gzipped. \`npm run sizes\` writes these numbers.\n`;

const readme = readFileSync(`${root}README.md`, 'utf8');
if (!MARKS.test(readme)) throw new Error('sizes: README.md has no marks <!-- sizes --> and <!-- /sizes -->.');
writeFileSync(
  `${root}README.md`,
  readme.replace(MARKS, (_, from, to) => `${from}${table}${to}`),
);
