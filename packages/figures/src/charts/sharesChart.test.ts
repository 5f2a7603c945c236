import { describe, expect, test } from 'vitest';
import { inTheme, misplacedTexts, readFigure, snapshotOf, textsOf } from '../../test/readFigure.ts';
import { type SharesRecord, sharesChart } from './sharesChart.ts';

const record: SharesRecord = {
  title: 'What the runs became, by periods',
  xAxis: 'periods',
  kinds: ['induction', 'positional shortcut', 'not learned'],
  panels: [
    {
      title: 'learningRate 0.002',
      groups: [
        { x: '25 only', counts: { 'positional shortcut': 7, 'not learned': 1 } },
        { x: '10–25', counts: { induction: 8 } },
      ],
    },
    {
      title: 'learningRate 0.01',
      groups: [
        { x: '25 only', counts: { 'positional shortcut': 8 } },
        { x: '10–25', counts: { induction: 5, 'not learned': 3 } },
      ],
    },
  ],
};
const partsOf = (figure: Element) =>
  Array.from(figure.querySelectorAll('rect.part'), (part) => {
    const number = (name: string): number => Number(part.getAttribute(name));
    return {
      panel: number('data-panel'),
      x: part.getAttribute('data-x'),
      kind: part.getAttribute('data-kind'),
      count: number('data-count'),
      top: number('y'),
      height: number('height'),
      colour: part.getAttribute('fill'),
    };
  });

describe('sharesChart', () => {
  test('is drawn as recorded', async () => {
    await expect(snapshotOf(sharesChart(record, inTheme('light')))).toMatchFileSnapshot('snapshots/sharesChart.svg');
  });

  test('parts are as high as their share, stand on each other in the order of the kinds, and fill the column', () => {
    const parts = partsOf(readFigure(sharesChart(record, inTheme('light'))));
    expect(parts.map(({ count }) => count)).toEqual([7, 1, 8, 8, 5, 3]);
    const whole = parts[2]!.height;
    expect(parts[0]!.height / whole).toBeCloseTo(7 / 8, 6);
    expect(parts[1]!.height / whole).toBeCloseTo(1 / 8, 6);
    expect(parts[1]!.top).toBeLessThan(parts[0]!.top);
    expect(parts[1]!.top + parts[1]!.height).toBeCloseTo(parts[0]!.top, 6);
    expect(parts[4]!.top).toBeGreaterThan(parts[5]!.top);
  });

  test('a kind has the same colour in every panel, and its count over all of them in the key', () => {
    const figure = readFigure(sharesChart(record, inTheme('dark')));
    const colours = new Map<string, Set<string>>();
    for (const { kind, colour } of partsOf(figure)) colours.set(kind!, (colours.get(kind!) ?? new Set()).add(colour!));
    expect([...colours.values()].map(({ size }) => size)).toEqual([1, 1, 1]);
    expect(new Set([...colours.values()].flatMap((set) => [...set])).size).toBe(3);
    expect(textsOf(figure)).toEqual(
      expect.arrayContaining(['induction (13)', 'positional shortcut (15)', 'not learned (4)']),
    );
  });

  test.each([320, 720, 1200])('places all texts inside %i pixels without overlap', (width) => {
    const groups = Array.from({ length: 9 }, (_, i) => ({
      x: `${i}–${i + 25} tokens`,
      counts: { induction: 100 + i },
    }));
    const title = 'learningRate 0.009487, positions shortformer, batch 64, normalization LN';
    const faceted = ['shortformer', 'rotary', 'standard', 'shortformer', 'rotary', 'standard'].map((x) => ({
      title: `positions ${x}`,
      groups: groups.slice(0, 6),
    }));
    const many = { ...record, panels: Array.from({ length: 5 }, (_, i) => ({ title: `${title} ${i}`, groups })) };
    const single = { ...record, panels: [{ title: '', groups: record.panels[0]!.groups }] };
    for (const each of [
      record,
      many,
      single,
      { ...many, panels: faceted, rows: ['learningRate 0.002', 'learningRate 0.01'] },
    ])
      expect(misplacedTexts(readFigure(sharesChart(each, inTheme('light', width))))).toEqual([]);
  });

  test('panels in rows and columns: those of a row stand at one height, those of a column above each other', () => {
    const [a, b] = record.panels as [SharesRecord['panels'][number], SharesRecord['panels'][number]];
    const rows = { ...record, panels: [a, b, b, a], rows: ['rotary', 'standard'] };
    const wide = partsOf(readFigure(sharesChart(rows, inTheme('light'))));
    const lowest = (parts: typeof wide, panel: number): number =>
      Math.max(...parts.filter((part) => part.panel === panel).map(({ top, height }) => top + height));
    expect([1, 3].map((panel) => lowest(wide, panel))).toEqual([0, 2].map((panel) => lowest(wide, panel)));
    expect(lowest(wide, 2)).toBeGreaterThan(lowest(wide, 0));
    const narrow = readFigure(sharesChart(rows, inTheme('light', 320)));
    const feet = [0, 1, 2, 3].map((panel) => lowest(partsOf(narrow), panel));
    expect([...feet].sort((x, y) => x - y)).toEqual(feet);
    expect(new Set(feet).size).toBe(4);
    expect(narrow.querySelector('desc')?.textContent).toContain(' standard, learningRate 0.01: 25 only');
    expect(textsOf(narrow)).toContain('standard, learningRate 0.01');
  });

  test('describes every column by its counts', () => {
    expect(readFigure(sharesChart(record, inTheme('light'))).querySelector('desc')?.textContent).toBe(
      'What became of 32 runs by periods. learningRate 0.002: 25 only: 7 positional shortcut, 1 not learned; 10–25: 8 induction. learningRate 0.01: 25 only: 8 positional shortcut; 10–25: 5 induction, 3 not learned.',
    );
  });

  test('refuses what it cannot draw', () => {
    const draw = (change: Partial<SharesRecord>) => () => sharesChart({ ...record, ...change }, inTheme('light'));
    const panel = (counts: Record<string, number>) => [{ title: 'p', groups: [{ x: 'x', counts }] }];
    expect(draw({ panels: [] })).toThrow('sharesChart: panels is empty; pass');
    expect(draw({ panels: [{ title: 'p', groups: [] }] })).toThrow('groups of panel "p" is empty');
    expect(draw({ panels: panel({ other: 1 }) })).toThrow('"other" at "x" is none of the kinds');
    expect(draw({ panels: panel({ induction: 0.5 }) })).toThrow('the count of "induction" at "x"');
    expect(draw({ panels: panel({ induction: 0 }) })).toThrow('there are no runs');
    expect(draw({ rows: ['a', 'b', 'c'] })).toThrow('2 panels cannot stand in 3 rows');
    const groups = record.panels[0]!.groups;
    expect(draw({ panels: [{ title: 'p', groups: [...groups, groups[0]!] }] })).toThrow('comes twice');
  });
});
