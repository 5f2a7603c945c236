// Copies the two faces that figures are set in out of the package with all of them (12 MB) into dist/fonts, with their licence.
import { copyFileSync, mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const from = dirname(createRequire(import.meta.url).resolve('dejavu-fonts-ttf/package.json'));
const to = fileURLToPath(new URL('../dist/fonts/', import.meta.url));

mkdirSync(to, { recursive: true });
for (const file of ['ttf/DejaVuSans.ttf', 'ttf/DejaVuSans-Bold.ttf', 'LICENSE'])
  copyFileSync(join(from, file), join(to, file.replace('ttf/', '')));
