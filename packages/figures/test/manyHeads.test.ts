// Charts of 1 to 300 heads: everything that is said to be drawn is, texts stand apart, files and time stay bounded.
import { expect, test } from 'vitest';
import {
  dynamicsChart,
  effectChart,
  type FigureOptions,
  headScoreChart,
  heatmaps,
  patternComparison,
  patternGrid,
  patternTimeline,
} from '../src/index.ts';
import { svgToPng } from '../src/node.ts';
import { inTheme, misplacedTexts, readFigure, textsOf } from './readFigure.ts';

const SHAPES = [
  [1, 1],
  [2, 4],
  [4, 12],
  [12, 12],
  [20, 15],
  [48, 1],
] as const;
const size = 5;
/** Attention to the first position, and a little to all others. */
const pattern = Float32Array.from({ length: size * size }, (_, i) => {
  const [query, key] = [Math.floor(i / size), i % size];
  return key > query ? 0 : key === 0 ? 1 - 0.1 * query : 0.1;
});
const labelsOf = ([layers, heads]: readonly [number, number]): string[] =>
  Array.from({ length: layers * heads }, (_, i) => `L${Math.floor(i / heads)}H${i % heads}`);
const share = (i: number, step: number): number => ((i * step) % 101) / 101;

/** Each chart with the number of its marks for so many heads. */
const CHARTS: Record<
  string,
  {
    draw: (labels: readonly string[], options: FigureOptions) => string;
    marks: (figure: Element) => number;
    expected: (heads: number) => number;
  }
> = {
  headScoreChart: {
    draw: (labels, options) =>
      headScoreChart(
        {
          title: 'scores',
          chance: { previousToken: 0.07, induction: 0.03 },
          heads: labels.map((label, i) => ({
            label,
            previousToken: share(i, 7),
            previousTokenInterval: [0, 1],
            induction: share(i, 13),
            inductionControl: share(i, 3),
          })),
        },
        options,
      ),
    // Full bars, the hollow ones' fills, and their outlines.
    marks: (figure) => figure.querySelectorAll('g g rect').length,
    expected: (heads) => 4 * heads,
  },
  patternGrid: {
    draw: (labels, options) =>
      patternGrid(
        {
          title: 'patterns',
          size,
          heads: labels.map((label, i) => ({ label, pattern, ...(i === 3 ? { mark: 'x' } : {}) })),
        },
        options,
      ),
    marks: (figure) => figure.querySelectorAll('image.pattern').length,
    expected: (heads) => heads,
  },
  patternComparison: {
    draw: (labels, options) =>
      patternComparison(
        {
          title: 'same',
          size,
          columnTitles: ['a', 'b'],
          heads: labels.map((label) => ({ label, panels: [pattern, pattern] })),
        },
        options,
      ),
    marks: (figure) => figure.querySelectorAll('image.pattern').length,
    expected: (heads) => 2 * Math.min(heads, 160),
  },
  patternTimeline: {
    draw: (labels, options) =>
      patternTimeline(
        {
          title: 'born',
          size,
          steps: [0, 10, 100, 1000],
          heads: labels.map((label) => ({ label })),
          patterns: labels.map(() => [pattern, pattern, pattern, pattern]),
        },
        options,
      ),
    marks: (figure) => figure.querySelectorAll('image.pattern').length,
    expected: (heads) => 4 * Math.min(heads, 80),
  },
  effectChart: {
    draw: (labels, options) =>
      effectChart(
        {
          title: 'effects',
          unit: 'nats',
          groups: [
            { rows: labels.map((label, i) => ({ label, value: share(i, 7), interval: [-0.1, 1.1], kind: 'ablated' })) },
          ],
        },
        options,
      ),
    marks: (figure) => figure.querySelectorAll('path.effect').length,
    expected: (heads) => heads,
  },
  heatmaps: {
    draw: (labels, options) =>
      heatmaps(
        {
          title: 'paths',
          rowAxis: 'earlier head',
          columnAxis: 'later head',
          unit: 'nats',
          scale: 'diverging',
          panels: ['K', 'Q', 'V'].map((title) => ({
            title,
            rows: labels,
            columns: labels,
            values: labels.flatMap((_, row) => labels.map((__, column) => share(row * column, 7) - 0.5)),
          })),
        },
        options,
      ),
    marks: (figure) => textsOf(figure).filter((text) => /^[KQV]$/.test(text)).length,
    expected: () => 3,
  },
  dynamicsChart: {
    draw: (labels, options) => {
      const steps = [0, 10, 100, 1000];
      const line = (label: string, i: number) => ({ label, steps, values: steps.map((_, s) => share(i + 1, s + 5)) });
      return dynamicsChart(
        {
          title: 'training',
          events: [],
          xScale: 'log',
          panels: [
            {
              title: 'one is named',
              unit: 'share',
              lines: labels.map((l, i) => ({ ...line(l, i), emphasis: i === 0 })),
            },
            { title: 'none is named', unit: 'share', lines: labels.map(line) },
          ],
        },
        options,
      );
    },
    marks: (figure) => figure.querySelectorAll('path.line').length,
    // At most 60 faint lines beside the strong ones: one, and up to twelve.
    expected: (heads) => Math.min(heads, 61) + Math.min(heads, 72),
  },
};

test.for(Object.entries(CHARTS))('%s at 1, 8, 48, 144 and 300 heads', ([name, { draw, marks, expected }]) => {
  for (const shape of SHAPES) {
    const labels = labelsOf(shape);
    const started = performance.now();
    const svg = draw(labels, inTheme(labels.length % 2 === 0 ? 'light' : 'dark'));
    expect(performance.now() - started, 'milliseconds').toBeLessThan(4000); // some tens on a free machine
    expect(svg.length).toBeLessThan(1.5e6);
    const figure = readFigure(svg);
    expect(marks(figure), shape.join()).toBe(expected(labels.length));
    expect(misplacedTexts(figure), shape.join()).toEqual([]);
    const all = (expected(8) / 8) * labels.length;
    if (name !== 'heatmaps')
      expect(/of \d+ heads are drawn|more are left out/.test(textsOf(figure).join(' ')), shape.join()).toBe(
        marks(figure) < all,
      );
  }
});

test('a long pattern is drawn for fewer heads, and the figure says so', () => {
  const long = 1024;
  const first = new Float32Array(long * long);
  for (let query = 0; query < long; query++) first[query * long] = 1;
  const heads = labelsOf([2, 10]).map((label) => ({ label, pattern: first }));
  const figure = readFigure(patternGrid({ title: 'long', size: long, heads }, inTheme('light')));
  expect(figure.querySelectorAll('image.pattern')).toHaveLength(7);
  expect(textsOf(figure).join(' ')).toContain('7 of 20 heads are drawn: the marked ones, and then in the order given.');
});

test('the largest of them become pictures in a bounded time', () => {
  const started = performance.now();
  const png = svgToPng(CHARTS.headScoreChart!.draw(labelsOf([20, 15]), inTheme('light')));
  expect(png.length).toBeLessThan(2e6);
  expect(performance.now() - started).toBeLessThan(10_000);
});

const HOSTILE = '\u001b]0;evil\u0007<b a="1">&amp;\u009b31m\u202e\ud800\ufffe\u0000\r\n\t';

test.for(Object.entries(CHARTS))(
  '%s stays well-formed and without control characters, whatever names hold',
  ([, { draw }]) => {
    const svg = draw([`${HOSTILE}1`, `${HOSTILE}2`], inTheme('light'));
    // resvg's parser, which reads it, refuses what is no XML.
    expect(readFigure(svg).querySelector('b')).toBeNull();
    expect(svg).not.toMatch(/[\p{Cc}\p{Cs}\u202e\ufffe]/u);
    expect(svg).toContain('␛]0;evil␇');
  },
);
