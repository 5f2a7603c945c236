import { readFileSync } from 'node:fs';
import { decode } from 'fast-png';
import { describe, expect, test } from 'vitest';
import { figureCss, lossChart, nodeDocument, patternGrid, svgToPng } from './node.ts';

const pattern = [1, 0, 0, 0, 1, 0, 1, 0, 0];
const grid = { heads: [{ label: 'L0H0', pattern }], size: 3, title: 'Pattern' };
const draw = (theme: 'light' | 'dark' | 'auto') => patternGrid(grid, { theme, document: nodeDocument() });

describe('svgToPng', () => {
  test('draws at twice the width of the figure unless told otherwise', () => {
    expect(decode(svgToPng(draw('light'))).width).toBe(1440);
    expect(decode(svgToPng(draw('light'), { width: 360 })).width).toBe(360);
  });

  test('draws text, and pixels with sharp edges', () => {
    const png = decode(svgToPng(draw('light'), { width: 720 }));
    const colours = new Map<string, number>();
    for (let i = 0; i < png.data.length; i += 4) {
      const colour = png.data.slice(i, i + 3).join(' ');
      colours.set(colour, (colours.get(colour) ?? 0) + 1);
    }
    // One panel of 3 × 3 cells, 120 pixels wide each: smoothing would leave no large area in one colour.
    const large = [...colours.values()].filter((count) => count > 120 * 120 * 2.5);
    expect(large.length).toBe(3);
    const dark = [...colours].filter(([colour]) => colour === '31 35 40').reduce((sum, [, count]) => sum + count, 0);
    expect(dark).toBeGreaterThan(200);
  });

  test('refuses figures whose colours a page decides, and text that is no figure', () => {
    expect(() => svgToPng(draw('auto'))).toThrow("svgToPng: the figure has theme 'auto'");
    expect(() => svgToPng('<html/>')).toThrow('svgToPng: expected SVG text with a width');
    expect(() => svgToPng(draw('dark'), { width: 0.5 })).toThrow('svgToPng: width is 0.5');
  });
});

describe('the entries', () => {
  test('the entry for Node has everything that the entry for browsers has', () => {
    expect([typeof lossChart, typeof patternGrid, typeof figureCss]).toEqual(['function', 'function', 'string']);
  });

  test('the entry for browsers reaches no Node module', () => {
    const seen = new Set<string>();
    const packages = new Set<string>();
    const visit = (file: string): void => {
      if (seen.has(file)) return;
      seen.add(file);
      const source = readFileSync(new URL(file), 'utf8').replace(/^ *\/\*\*[\s\S]*?\*\//gm, ''); // examples import what a user would
      for (const [, from] of source.matchAll(/from '([^']+)'/g)) {
        if (from!.startsWith('.')) visit(new URL(from!, file).href);
        else packages.add(from!);
      }
    };
    visit(new URL('./index.ts', import.meta.url).href);
    expect([...packages].sort()).toEqual(['@observablehq/plot', 'fast-png']);
  });
});
