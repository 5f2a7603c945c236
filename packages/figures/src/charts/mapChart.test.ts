import { describe, expect, test } from 'vitest';
import { inTheme, misplacedTexts, readFigure, snapshotOf, textsOf } from '../../test/readFigure.ts';
import { type MapRecord, mapChart } from './mapChart.ts';

const record: MapRecord = {
  title: 'A map',
  length: 20,
  lnVocab: 4,
  heads: ['L1H2'],
  places: [
    { start: 0, distance: 2, queries: 1, solution: 'by content', loss: 0, attention: [0.9] },
    { start: 0, distance: 8, queries: 7, solution: 'by position', loss: 1, attention: [0] },
    { start: 5, distance: 7, queries: 6, solution: 'not solved', loss: 4, attention: [-0.1] },
  ],
};
const placesOf = (figure: Element): Element[] => Array.from(figure.querySelectorAll('rect.place'));

describe('mapChart', () => {
  test('is drawn as recorded', async () => {
    await expect(snapshotOf(mapChart(record, inTheme('light')))).toMatchFileSnapshot('snapshots/mapChart.svg');
  });

  test('draws a bar a place in each panel, as long as its copy, the further right the further back', () => {
    const places = placesOf(readFigure(mapChart(record, inTheme('light'))));
    expect(places).toHaveLength(6);
    const at = (distance: number, name: string): number =>
      Number(places.find((p) => p.getAttribute('data-distance') === String(distance))!.getAttribute(name));
    expect(at(8, 'x')).toBeGreaterThan(at(7, 'x'));
    expect(at(8, 'height') / at(2, 'height')).toBeCloseTo(8 / 2, 2);
    expect(at(7, 'y') + at(7, 'height')).toBeLessThan(at(8, 'y') + at(8, 'height'));
  });

  test('counts what is solved by what, and has one panel without heads', () => {
    const bare = { ...record, heads: [], places: record.places.map((place) => ({ ...place, attention: [] })) };
    const figure = readFigure(mapChart(bare, inTheme('dark')));
    expect(placesOf(figure)).toHaveLength(3);
    expect(textsOf(figure)).toEqual(
      expect.arrayContaining(['solved by content (1)', 'solved as well where nothing repeats (1)', 'not solved (1)']),
    );
    expect(misplacedTexts(figure)).toEqual([]);
    expect(figure.querySelector('desc')!.textContent).toContain('by position: 1, at distances 8 to 8');
  });

  test('refuses a place beyond the context, and attention of other heads', () => {
    const [place] = record.places as [MapRecord['places'][number]];
    expect(() => mapChart({ ...record, places: [{ ...place, start: 18 }] })).toThrow(/beyond the length of 20/);
    expect(() => mapChart({ ...record, heads: [] })).toThrow(/1 values of attention for 0 heads/);
    expect(() => mapChart({ ...record, places: [] })).toThrow(/places/);
  });
});
