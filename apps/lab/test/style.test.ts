// One scale of letters, of distances and of corners: style sheets name its steps, never a size of their own.
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const folder = fileURLToPath(new URL('../src/style/', import.meta.url));
const sheets = readdirSync(folder).map((name) => [name, readFileSync(folder + name, 'utf8')] as const);

/** What says how large letters are, how far things stand apart, how round they are. */
const SIZED =
  /^\s*(font-size|font|(?:scroll-)?(?:margin|padding)(?:-\w+)*|gap|row-gap|column-gap|border-radius):\s*([^;]+);/gm;
/** What may stand there beside the steps: nothing at all, what is inherited, and shares. */
const PLAIN = /^(0|auto|none|inherit|50%|600|\/|\d\.\d+|var\(--(?:type|space|radius|top|serif|sans|mono)(?:-\w+)?\))$/;
/** Marks of a pixel or two in charts, and gaps that follow the window. */
const ALLOWED = /^(2px|1px|clamp\(4px, 1vw, 12px\)|calc\(var\(--top\) \+ var\(--space-\d\)\)|16mm 18mm)$/;

/** What a style sheet sizes by itself. */
function strays(css: string): string[] {
  const found: string[] = [];
  for (const [, property, value = ''] of css.replace(/\/\*.*?\*\//gs, '').matchAll(SIZED))
    if (!ALLOWED.test(value) && !value.split(/\s+/).every((part) => PLAIN.test(part) || ALLOWED.test(part)))
      found.push(`${property}: ${value}`);
  return found;
}

test('no style sheet but tokens.css names a size of letters, a distance or a corner', () => {
  expect(sheets.length).toBeGreaterThan(10);
  for (const [name, css] of sheets) if (name !== 'tokens.css') expect(strays(css), name).toEqual([]);
  expect(strays('a {\n  padding: 0.7rem 1rem;\n}\nb {\n  font-size: 13px;\n}')).toEqual([
    'padding: 0.7rem 1rem',
    'font-size: 13px',
  ]);
});

test('every step that is named exists, and every step that exists is used', () => {
  const all = sheets.map(([, css]) => css).join('\n');
  const steps = (text: string, by: RegExp): string[] => [
    ...new Set([...text.matchAll(by)].map(([, name]) => name as string)),
  ];
  const defined = steps(all, /^\s*(--(?:type|space|radius)-\w+):/gm);
  const used = steps(all, /var\((--(?:type|space|radius)-\w+)\)/g);
  expect(used.sort()).toEqual(defined.sort());
});
