import { describe, expect, test } from 'vitest';
import { inTheme, numbersOf, pixelOf, readFigure, snapshotOf, textsOf } from '../../test/readFigure.ts';
import { weightColour } from '../scales/colourRamp.ts';
import { type HeadPattern, type PatternGridRecord, patternGrid } from './patternGrid.ts';

const size = 7;

/** All weight on key = query − offset, or on key 0 before there is one. */
function stripePattern(offset: number): Float32Array {
  const pattern = new Float32Array(size * size);
  for (let query = 0; query < size; query++) pattern[query * size + Math.max(0, query - offset)] = 1;
  return pattern;
}

function uniformPattern(): Float32Array {
  return Float32Array.from({ length: size * size }, (_, i) =>
    i % size <= Math.floor(i / size) ? 1 / (Math.floor(i / size) + 1) : 0,
  );
}

const record: PatternGridRecord = {
  heads: [
    { label: 'L0H0', pattern: uniformPattern() },
    { label: 'L0H1', pattern: stripePattern(1), mark: 'previous-token head' },
    { label: 'L1H0', pattern: stripePattern(2), mark: 'induction head' },
  ],
  size,
  tokens: [5, 3, 2, 5, 3, 2, 5],
  stripe: { offset: 2, fromQuery: 3, toQuery: 5 },
  title: 'Patterns',
};

const imagesOf = (figure: Element) => Array.from(figure.querySelectorAll('image.pattern'));

describe('patternGrid', () => {
  test('is drawn as recorded', async () => {
    await expect(snapshotOf(patternGrid(record, inTheme('light')))).toMatchFileSnapshot('snapshots/patternGrid.svg');
  });

  test('draws one image per head, marked heads first, order otherwise kept', () => {
    const figure = readFigure(patternGrid(record, inTheme('light')));
    expect(imagesOf(figure).map((image) => image.getAttribute('data-head'))).toEqual(['L0H1', 'L1H0', 'L0H0']);
    expect(figure.querySelectorAll('rect[stroke-width="1.75"]').length).toBe(2);
    expect(textsOf(figure)).toEqual(
      expect.arrayContaining(['L0H1', 'previous-token head', 'key position', 'query position']),
    );
    expect(figure.getAttribute('data-tokens')).toBe('5 3 2 5 3 2 5');
  });

  test.each(['light', 'dark', 'auto'] as const)(
    'colours a weight by the scale, query down and key across, in %s',
    (theme) => {
      const [previous, , uniform] = imagesOf(readFigure(patternGrid(record, inTheme(theme))));
      expect(pixelOf(previous!, { row: 5, column: 4 })).toEqual([...weightColour(theme, 1), 255]);
      expect(pixelOf(previous!, { row: 5, column: 3 })).toEqual([...weightColour(theme, 0), 255]);
      expect(pixelOf(uniform!, { row: 4, column: 0 })).toEqual([...weightColour(theme, 0.2), 255]);
    },
  );

  test('leaves the future transparent, unlike a weight of 0', () => {
    const [previous] = imagesOf(readFigure(patternGrid(record, inTheme('light'))));
    expect(pixelOf(previous!, { row: 3, column: 4 })[3]).toBe(0);
    expect(pixelOf(previous!, { row: 4, column: 2 })[3]).toBe(255);
  });

  test('draws the expected stripe beside its cells, inside the panel', () => {
    const figure = readFigure(patternGrid(record, inTheme('light')));
    const panel = numbersOf(imagesOf(figure)[0]!, 'x', 'y', 'width', 'height');
    const cell = panel.width / size;
    const d = figure.querySelector('path[stroke-width="0.9"]')?.getAttribute('d') ?? '';
    const points = d.split(/[ML]/).filter(Boolean);
    for (const point of points) {
      const [key, query] = point.split(',').map((v, i) => (Number(v) - (i === 0 ? panel.x : panel.y)) / cell) as [
        number,
        number,
      ];
      // Cells of the stripe touch key = query − 2 ± 1 at their corners.
      expect(Math.abs(key - (query - 2))).toBeGreaterThan(1.05);
      expect(Math.abs(key - (query - 2))).toBeLessThan(2);
      expect(key).toBeGreaterThan(-0.01);
    }
    expect(points.length).toBe(4);
  });

  test.each([1, 8, 24, 48])('lays out %i heads inside the width without overlap', (count) => {
    const heads: HeadPattern[] = Array.from({ length: count }, (_, i) => ({
      label: `L0H${i}`,
      pattern: uniformPattern(),
    }));
    const figure = readFigure(patternGrid({ heads, size, title: 'Many' }, inTheme('light')));
    const boxes = imagesOf(figure).map((image) => numbersOf(image, 'x', 'y', 'width', 'height'));
    expect(boxes.length).toBe(count);
    const height = Number(figure.getAttribute('height'));
    boxes.forEach((a, i) => {
      expect(a.x + a.width).toBeLessThanOrEqual(720);
      expect(a.y + a.height).toBeLessThan(height);
      for (const b of boxes.slice(i + 1))
        expect(Math.abs(a.x - b.x) >= a.width || Math.abs(a.y - b.y) >= a.height).toBe(true);
    });
  });

  test('describes the marked heads by their mean weight on the stripe', () => {
    expect(readFigure(patternGrid(record, inTheme('light'))).querySelector('desc')?.textContent).toContain(
      'L1H0, induction head (mean weight on the expected stripe 1.00)',
    );
  });

  test('refuses patterns that are no causal attention patterns', () => {
    const draw = (change: Partial<PatternGridRecord>) => () => patternGrid({ ...record, ...change }, inTheme('light'));
    const changed = (at: number, weight: number) => {
      const pattern = stripePattern(1);
      pattern[at] = weight;
      return { heads: [{ label: 'L0H1', pattern }] };
    };
    expect(draw({ heads: [{ label: 'L0H1', pattern: new Float32Array(48) }] })).toThrow(
      'patternGrid: head L0H1 has 48 weights, size 7 needs 49; pass its whole pattern',
    );
    expect(draw(changed(8, Number.NaN))).toThrow('patternGrid: head L0H1 has weight NaN at query 1, key 1');
    expect(draw(changed(8, -0.5))).toThrow(
      'patternGrid: head L0H1 has weight -0.5 at query 1, key 1, expected 0 to 1; pass',
    );
    expect(draw(changed(8, 3))).toThrow('has weight 3 at query 1, key 1');
    expect(draw(changed(9, 0.5))).toThrow(
      'patternGrid: head L0H1 attends to the future (weight 0.5 at query 1, key 2); pass',
    );
    expect(draw({ heads: [] })).toThrow('patternGrid: heads is empty; pass');
    expect(draw({ tokens: [1, 2] })).toThrow('patternGrid: tokens has 2 entries, size is 7; pass');
    expect(draw({ stripe: { offset: 2, fromQuery: 3, toQuery: 7 } })).toThrow('leaves a pattern of size 7; pass');
  });
});
