// Copies the README's pictures from a finished run: node scripts/readmeFigures.mjs runs/NAME
import { copyFileSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';

const run = process.argv[2];
if (!run || !existsSync(join(run, 'literal', 'figures'))) {
  console.error('Name the folder of a finished run: node scripts/readmeFigures.mjs runs/NAME');
  process.exit(2);
}
mkdirSync('docs/images', { recursive: true });
for (const preset of ['literal', 'varied', 'picture'])
  for (const ending of ['', '-dark'])
    copyFileSync(join(run, preset, 'figures', `scores${ending}.png`), `docs/images/${preset}-scores${ending}.png`);
