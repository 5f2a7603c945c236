import { describe, expect, test } from 'vitest';
import { inTheme, numbersOf, pixelOf, readFigure, snapshotOf, textsOf } from '../../test/readFigure.ts';
import { weightColour } from '../scales/colourRamp.ts';
import { type PatternComparisonRecord, patternComparison } from './patternComparison.ts';

const size = 5;
const first = Float32Array.from({ length: size * size }, (_, i) => (i % size === 0 ? 1 : 0));
const current = Float32Array.from({ length: size * size }, (_, i) => (i % size === Math.floor(i / size) ? 1 : 0));
const record: PatternComparisonRecord = {
  heads: [
    { label: 'L0H1', panels: [first, current] },
    { label: 'L1H0', mark: 'induction head', panels: [current, first] },
  ],
  columnTitles: ['with a repeat', 'no repeat (control)'],
  stripes: [{ offset: 0, fromQuery: 1, toQuery: 4 }, null],
  size,
  title: 'Comparison',
};

const imagesOf = (figure: Element) => Array.from(figure.querySelectorAll('image.pattern'));

describe('patternComparison', () => {
  test('is drawn as recorded', async () => {
    await expect(snapshotOf(patternComparison(record, inTheme('light')))).toMatchFileSnapshot(
      'snapshots/patternComparison.svg',
    );
  });

  test('draws a row per head and a column per condition, in the order given', () => {
    const images = imagesOf(readFigure(patternComparison(record, inTheme('light'))));
    expect(images.map((image) => `${image.getAttribute('data-head')} ${image.getAttribute('data-panel')}`)).toEqual([
      'L0H1 0',
      'L0H1 1',
      'L1H0 0',
      'L1H0 1',
    ]);
    const [a, b, c] = images.map((image) => numbersOf(image, 'x', 'y'));
    expect(a!.y).toBe(b!.y);
    expect(a!.x).toBe(c!.x);
    expect(pixelOf(images[0]!, { row: 3, column: 0 })).toEqual([...weightColour('light', 1), 255]);
    expect(pixelOf(images[1]!, { row: 3, column: 0 })).toEqual([...weightColour('light', 0), 255]);
  });

  test('draws the stripe only under the condition that has one', () => {
    const figure = readFigure(patternComparison(record, inTheme('light')));
    expect(figure.querySelectorAll('path[stroke-width="0.9"]').length).toBe(2);
  });

  test('puts two heads in a row for eight heads and names the conditions over both', () => {
    const heads = Array.from({ length: 8 }, (_, i) => ({ label: `L0H${i}`, panels: [first, current] }));
    const figure = readFigure(patternComparison({ ...record, heads }, inTheme('dark')));
    const ys = new Set(imagesOf(figure).map((image) => image.getAttribute('y')));
    expect(ys.size).toBe(4);
    expect(textsOf(figure).filter((text) => text === 'with a repeat').length).toBe(2);
    for (const image of imagesOf(figure)) {
      const { x, width } = numbersOf(image, 'x', 'width');
      expect(x + width).toBeLessThanOrEqual(720);
    }
  });

  test('describes each head by its mean weight on the stripe', () => {
    expect(readFigure(patternComparison(record, inTheme('light'))).querySelector('desc')?.textContent).toContain(
      'L1H0 (induction head) 1.00 with a repeat',
    );
  });

  test('refuses heads without a panel per condition, and broken patterns', () => {
    const draw = (change: Partial<PatternComparisonRecord>) => () =>
      patternComparison({ ...record, ...change }, inTheme('light'));
    expect(draw({ heads: [{ label: 'L0H0', panels: [first] }] })).toThrow(
      'patternComparison: head L0H0 has 1 panels, columnTitles has 2; pass',
    );
    expect(draw({ heads: [{ label: 'L0H0', panels: [first, first.slice(1)] }] })).toThrow(
      'has 24 weights, size 5 needs 25; pass',
    );
    expect(draw({ stripes: [null] })).toThrow('patternComparison: stripes has 1 entries, columnTitles has 2; pass');
    expect(draw({ heads: [] })).toThrow('patternComparison: heads is empty; pass');
  });
});
