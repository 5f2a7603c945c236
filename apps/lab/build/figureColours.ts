// The figures' own colours as a style sheet, so that charts and page never disagree.
import { figureCss } from '@induction-lab/figures/colours';
import type { Plugin } from 'vite';

const NAME = 'virtual:figures.css';

export function figureColours(): Plugin {
  return {
    name: 'figure-colours',
    resolveId: (id) => (id === NAME ? `\0${NAME}` : null),
    load: (id) => (id === `\0${NAME}` ? figureCss : null),
  };
}
