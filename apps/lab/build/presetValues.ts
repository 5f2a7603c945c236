// The presets without what they are about and the reasons beside their numbers: the page shows none of them, and need not
// load them.
import type { Plugin } from 'vite';

/** A JSON value in which every `{ value, why }` is the value. */
const bare = (name: string, part: unknown): unknown =>
  name === 'about'
    ? undefined
    : part !== null && typeof part === 'object' && 'why' in part && 'value' in part
      ? part.value
      : part;

export function presetValues(): Plugin {
  return {
    name: 'preset-values',
    enforce: 'pre',
    transform(code, id) {
      return /\/core\/presets\/[\w-]+\.json$/.test(id) ? JSON.stringify(JSON.parse(code, bare)) : null;
    },
  };
}
