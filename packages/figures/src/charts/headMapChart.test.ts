// The map of heads: what is drawn, and that it stays legible with 300 and with 1,000 heads.
import { describe, expect, test } from 'vitest';
import { nodeDocument } from '../node.ts';
import { type HeadMapChartRecord, headMapChart } from './headMapChart.ts';

const draw = (record: HeadMapChartRecord, width?: number): string =>
  headMapChart(record, { theme: 'light', document: nodeDocument(), ...(width === undefined ? {} : { width }) });

/** Every head scores a tenth of its number. */
const record = (layers: number, heads: number, panels = 4): HeadMapChartRecord => ({
  title: 'Heads',
  layers,
  heads,
  panels: (['blue', 'orange', 'green', 'purple'] as const).slice(0, panels).map((hue, p) => ({
    ...{ title: `score ${p}`, hue, chance: 0.05 },
    values: Array.from({ length: layers * heads }, (_, i) => ((i * 7 + p) % 11) / 10),
    ...(p < 2 ? { marked: p === 0 ? [heads + 1, 0] : [] } : {}),
  })),
});

interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}
const boxes = (svg: string, name: string, className: string): (Box & { text: string })[] =>
  [...svg.matchAll(new RegExp(`<${name} [^>]*class="${className}"[^>]*>`, 'g'))].map(([text]) => {
    const number = (attribute: string): number => Number(new RegExp(` ${attribute}="([^"]+)"`).exec(text)![1]);
    return { text, x: number('x'), y: number('y'), width: number('width'), height: number('height') };
  });

test('has a cell for each head in each panel, the first layer at the bottom, stronger ones darker', () => {
  const svg = draw(record(2, 3));
  const cells = boxes(svg, 'rect', 'head');
  expect(cells).toHaveLength(4 * 6);
  const at = (label: string): Box & { text: string } =>
    cells.find(({ text }) => text.includes('data-panel="0"') && text.includes(`"${label}"`))!;
  expect(at('L0H0').y).toBeGreaterThan(at('L1H0').y);
  expect(at('L0H1').x).toBeGreaterThan(at('L0H0').x);
  const darkness = ({ text }: { text: string }): number =>
    -/rgb\((\d+),(\d+),(\d+)\)/
      .exec(text)!
      .slice(1)
      .map(Number)
      .reduce((a, b) => a + b);
  expect(at('L0H1').text).toContain('data-value="0.7"');
  expect(darkness(at('L0H1'))).toBeGreaterThan(darkness(at('L0H0')));
});

test('marked heads are outlined and named with their values; where none is, it is said', () => {
  const svg = draw(record(2, 3));
  expect(boxes(svg, 'rect', 'marked').map(({ text }) => /data-head="(\w+)"/.exec(text)![1])).toEqual(['L1H1', 'L0H0']);
  expect(svg).toContain('L1H1 0.60');
  expect(svg.match(/none above the/g)).toHaveLength(1);
});

describe.for([
  [30, 9],
  [24, 12],
  [32, 32],
  [48, 25],
  [80, 64],
])('%i layers of %i heads', ([layers, heads]) => {
  test('has cells of four pixels or more, within the figure and apart from each other', () => {
    for (const width of [720, 420]) {
      const svg = draw(record(layers!, heads!), width);
      const maps = boxes(svg, 'image', 'heads');
      const cells = boxes(svg, 'rect', 'head');
      expect(maps.length > 0 ? maps.length : cells.length).toBe(maps.length > 0 ? 4 : 4 * layers! * heads!);
      const sides =
        maps.length > 0
          ? maps.map((map) => [map.width / heads!, map.height / layers!])
          : cells.map((cell) => [cell.width + 1, cell.height + 1]);
      for (const [across, up] of sides) {
        expect(across).toBeGreaterThanOrEqual(4);
        expect(up).toBeGreaterThanOrEqual(4);
      }
      for (const { x, width: wide } of [...maps, ...cells]) expect(x + wide).toBeLessThanOrEqual(width);
      for (const [i, a] of maps.entries())
        for (const b of maps.slice(i + 1))
          expect(a.x + a.width < b.x || a.y + a.height < b.y || b.x + b.width < a.x).toBe(true);
      expect(svg.length).toBeLessThan(400_000);
    }
  });
});

test('what cannot be drawn is refused in a sentence', () => {
  expect(() => draw({ ...record(2, 3), panels: [] })).toThrow(/panels is empty/);
  expect(() => draw({ ...record(2, 3), heads: 4 })).toThrow(/panel "score 0" has 6 values, 2 layers of 4 heads need 8/);
  expect(() => draw({ ...record(2, 3), layers: 0 })).toThrow(/layers is 0/);
  const [panel] = record(1, 2).panels;
  expect(() => draw({ ...record(1, 2), panels: [{ ...panel!, values: [0, Number.NaN] }] })).toThrow(/has NaN at L0H1/);
});
