// Writes a figure in both themes, NAME.svg and NAME-dark.svg, into the folder where the program was started.
import { writeFileSync } from 'node:fs';
import { nodeDocument } from '@induction-lab/figures/node';

export function draw(name, chart) {
  const document = nodeDocument();
  writeFileSync(`${name}.svg`, chart({ theme: 'light', document }));
  writeFileSync(`${name}-dark.svg`, chart({ theme: 'dark', document }));
}
