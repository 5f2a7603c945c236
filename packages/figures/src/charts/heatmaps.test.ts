import { describe, expect, test } from 'vitest';
import { inTheme, misplacedTexts, numbersOf, pixelOf, readFigure, snapshotOf, textsOf } from '../../test/readFigure.ts';
import { divergingRamp, sequentialRamp } from '../scales/valueRamp.ts';
import { type HeatmapsRecord, heatmaps } from './heatmaps.ts';

const rows = ['L0H0', 'L0H1', 'L0H2'];
const columns = ['L1H0', 'L1H1'];
const record: HeatmapsRecord = {
  title: 'Path effects',
  rowAxis: 'layer-0 head',
  columnAxis: 'layer-1 head',
  unit: 'rise of the loss (nats)',
  scale: 'diverging',
  panels: [
    { title: 'K', note: 'into the keys', rows, columns, values: [0, -0.5, 2, 0.25, 0.1, -1] },
    { title: 'V', rows, columns, values: [0.5, Number.NaN, 0, 0, 0, Number.NaN] },
  ],
};
const names = (count: number) => Array.from({ length: count }, (_, i) => String(i));
/** Value row + column / 100, so that a swapped axis shows. */
const large = (rowCount: number, columnCount: number, panels = 1): HeatmapsRecord => ({
  ...record,
  scale: 'sequential',
  panels: Array.from({ length: panels }, (_, i) => ({
    title: `L0H${i}`,
    rows: names(rowCount),
    columns: names(columnCount),
    values: Float64Array.from(
      { length: rowCount * columnCount },
      (_, at) => Math.floor(at / columnCount) + (at % columnCount) / 100,
    ),
  })),
});
const cellsOf = (figure: Element) => Array.from(figure.querySelectorAll('rect.cell'));
const rgb = (colour: readonly number[]) => `rgb(${colour.join(',')})`;

describe('heatmaps', () => {
  test('is drawn as recorded', async () => {
    await expect(snapshotOf(heatmaps(record, inTheme('light')))).toMatchFileSnapshot('snapshots/heatmaps.svg');
  });

  test('draws a cell per value, rows down and columns across, with its number, and hatches NaN', () => {
    const figure = readFigure(heatmaps(record, inTheme('light')));
    const cells = cellsOf(figure);
    expect(cells.map((cell) => `${cell.getAttribute('data-panel')} ${cell.getAttribute('data-value')}`)).toEqual([
      '0 0',
      '0 -0.5',
      '0 2',
      '0 0.25',
      '0 0.1',
      '0 -1',
      '1 0.5',
      '1 0',
      '1 0',
      '1 0',
    ]);
    const highest = cells[2]!;
    expect([highest.getAttribute('data-row'), highest.getAttribute('data-column')]).toEqual(['L0H1', 'L1H0']);
    expect(numbersOf(highest, 'y').y).toBeGreaterThan(numbersOf(cells[0]!, 'y').y);
    expect(numbersOf(cells[1]!, 'x').x).toBeGreaterThan(numbersOf(cells[0]!, 'x').x);
    const texts = textsOf(figure);
    expect(texts).toEqual(expect.arrayContaining(['2.00', '−0.50', '−1.00', 'does not apply', 'into the keys']));
    // Two cells and the legend's swatch.
    expect(figure.querySelectorAll('path.hatching').length).toBe(3);
  });

  test.each(['light', 'dark', 'auto'] as const)('colours values symmetrically about 0 in %s', (theme) => {
    const cells = cellsOf(readFigure(heatmaps(record, inTheme(theme))));
    const ramp = divergingRamp(theme, [-2, 2]);
    const fills = cells.map((cell) => cell.getAttribute('fill'));
    expect(fills[0]).toBe(rgb(ramp.colour(128)));
    expect(fills[2]).toBe(rgb(ramp.colour(255)));
    expect(fills[5]).toBe(rgb(ramp.colour(ramp.level(-1))));
    expect(ramp.level(-1)).toBe(128 - Math.round(127 / 2));
  });

  test('draws large matrices as one image each, row by row, on one scale', () => {
    const figure = readFigure(heatmaps(large(31, 17, 3), inTheme('dark')));
    expect(cellsOf(figure).length).toBe(0);
    const images = Array.from(figure.querySelectorAll('image.heatmap'));
    expect(images.map((image) => image.getAttribute('data-panel'))).toEqual(['0', '1', '2']);
    const ramp = sequentialRamp('dark', [0, 30.16]);
    expect(pixelOf(images[0]!, { row: 30, column: 16 })).toEqual([...ramp.colour(255), 255]);
    expect(pixelOf(images[0]!, { row: 20, column: 3 })).toEqual([...ramp.colour(ramp.level(20.03)), 255]);
  });

  test('leaves NaN transparent over hatching in an image', () => {
    const big = large(20, 20);
    const values = Array.from(big.panels[0]!.values);
    values[21] = Number.NaN;
    const figure = readFigure(heatmaps({ ...big, panels: [{ ...big.panels[0]!, values }] }, inTheme('light')));
    const image = figure.querySelector('image.heatmap')!;
    expect(pixelOf(image, { row: 1, column: 1 })[3]).toBe(0);
    expect(pixelOf(image, { row: 1, column: 2 })[3]).toBe(255);
    expect(figure.querySelectorAll('path.hatching').length).toBe(2);
  });

  test('a fixed domain decides the colours, and the legend says that values lie beyond it', () => {
    const figure = readFigure(heatmaps({ ...record, domain: [-1, 1] }, inTheme('light')));
    const ramp = divergingRamp('light', [-1, 1]);
    expect(cellsOf(figure)[2]!.getAttribute('fill')).toBe(rgb(ramp.colour(255)));
    expect(textsOf(figure).join(' ')).toContain("values above 1.00 have the end's colour");
  });

  test.each([320, 360, 720, 920, 1200])('places all texts inside %i pixels without overlap', (width) => {
    const wide = { ...large(8, 50), rowAxis: 'head', columnAxis: 'position' };
    const sixteen = large(64, 64, 16);
    const three = { ...record, panels: [...record.panels, record.panels[0]!] };
    for (const each of [record, three, wide, sixteen])
      expect(misplacedTexts(readFigure(heatmaps(each, inTheme('light', width))))).toEqual([]);
  });

  test('sixteen full circuits stay small files', () => {
    expect(heatmaps(large(64, 64, 16), inTheme('light')).length).toBeLessThan(100_000);
  });

  test('describes the highest and lowest value of each panel', () => {
    const text = readFigure(heatmaps(record, inTheme('light'))).querySelector('desc')?.textContent;
    expect(text).toContain('2 matrices of layer-0 head (rows) by layer-1 head (columns)');
    expect(text).toContain('K (into the keys): highest 2.00 at L0H1, L1H0; lowest −1.00 at L0H2, L1H1');
  });

  test('refuses what it cannot draw', () => {
    const draw = (change: Partial<HeatmapsRecord>) => () => heatmaps({ ...record, ...change }, inTheme('light'));
    const panel = record.panels[0]!;
    expect(draw({ panels: [] })).toThrow('heatmaps: panels is empty; pass at least one');
    expect(draw({ panels: [{ ...panel, values: [1] }] })).toThrow(
      'heatmaps: panel "K" has 1 values, 3 rows and 2 columns need 6; pass',
    );
    expect(draw({ panels: [{ ...panel, values: [1, 2, 3, Number.POSITIVE_INFINITY, 0, 0] }] })).toThrow(
      'heatmaps: panel "K" has Infinity at row L0H1, column L1H1',
    );
    expect(draw({ panels: [{ ...panel, values: new Array(6).fill(Number.NaN) }] })).toThrow(
      'heatmaps: no value is finite',
    );
    expect(draw({ domain: [1, 1] })).toThrow('heatmaps: domain is [1, 1]; pass');
    expect(draw({ scale: 'log' as 'diverging' })).toThrow('heatmaps: scale is "log"; pass');
  });
});
