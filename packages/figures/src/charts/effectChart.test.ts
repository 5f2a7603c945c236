import { describe, expect, test } from 'vitest';
import { inTheme, misplacedTexts, readFigure, snapshotOf, textsOf } from '../../test/readFigure.ts';
import { type EffectRecord, effectChart } from './effectChart.ts';
import type { EffectRow } from './effectLayout.ts';

const record: EffectRecord = {
  title: 'Ablation',
  unit: 'rise of the loss on the repeat (nats)',
  reference: [
    { value: 4, label: 'chance' },
    { value: 3.9, label: 'whole layer 1 ablated' },
  ],
  groups: [
    {
      title: 'Single heads',
      rows: [
        { label: 'L0H1', note: 'previous-token head', value: 3, interval: [2.5, 3.5], kind: 'circuit' },
        { label: 'L0H2', value: -0.5, interval: [-0.75, -0.25], kind: 'control' },
      ],
    },
    {
      title: 'Sets of heads',
      rows: [
        {
          label: 'circuit of three heads against matched random sets of as many heads',
          value: 3.8,
          kind: 'circuit',
          points: [0, 0.5, 1],
        },
      ],
    },
  ],
};
const marksOf = (figure: Element) => Array.from(figure.querySelectorAll('path.effect'));
const centre = (d: string) => {
  const xs = d
    .replace(/Z$/, '')
    .split(/[ML]/)
    .filter(Boolean)
    .map((pair) => Number(pair.split(',')[0]));
  return (Math.min(...xs) + Math.max(...xs)) / 2;
};

describe('effectChart', () => {
  test('is drawn as recorded', async () => {
    await expect(snapshotOf(effectChart(record, inTheme('light')))).toMatchFileSnapshot('snapshots/effectChart.svg');
  });

  test('draws a mark per row with its data, and a dot per point', () => {
    const figure = readFigure(effectChart(record, inTheme('light')));
    const marks = marksOf(figure);
    expect(marks.map((mark) => `${mark.getAttribute('data-group')}: ${mark.getAttribute('data-label')}`)).toEqual([
      'Single heads: L0H1',
      'Single heads: L0H2',
      'Sets of heads: circuit of three heads against matched random sets of as many heads',
    ]);
    expect(marks[0]!.getAttribute('data-low')).toBe('2.5');
    expect(marks[2]!.getAttribute('data-low')).toBeNull();
    expect(Array.from(figure.querySelectorAll('circle.point'), (dot) => dot.getAttribute('data-value'))).toEqual([
      '0',
      '0.5',
      '1',
    ]);
  });

  test('places values, intervals and references on one scale', () => {
    const plain = { ...record.groups[0]!.rows[1]!, kind: 'diamond' };
    const groups = [{ rows: [{ label: 'circle first', value: 1, kind: 'circle' }, plain] }];
    const figure = readFigure(effectChart({ ...record, groups }, inTheme('light')));
    const points = Array.from(figure.querySelectorAll('line[data-value]'), (line) => [
      Number(line.getAttribute('data-value')),
      Number(line.getAttribute('x1')),
    ]);
    const [[a, ax], [b, bx]] = points.sort((p, q) => p[0]! - q[0]!) as [[number, number], [number, number]];
    const x = (value: number) => ax + ((value - a) / (b - a)) * (bx - ax);
    expect(centre(marksOf(figure)[1]!.getAttribute('d')!)).toBeCloseTo(x(-0.5), 0);
    const whisker = figure.querySelectorAll('path[stroke-width="1.75"]')[0]!.getAttribute('d')!;
    const [low, high] = [Number(/^M([\d.]+)/.exec(whisker)![1]), Number(/H([\d.]+)/.exec(whisker)![1])];
    expect(low).toBeCloseTo(x(-0.75), 0);
    expect(high).toBeCloseTo(x(-0.25), 0);
  });

  test('kinds differ in shape and colour, in order of appearance', () => {
    const [circuit, control, again] = marksOf(readFigure(effectChart(record, inTheme('dark'))));
    expect(circuit!.getAttribute('fill')).toBe(again!.getAttribute('fill'));
    expect(circuit!.getAttribute('fill')).not.toBe(control!.getAttribute('fill'));
    expect(circuit!.getAttribute('d')).toContain('a');
    expect(control!.getAttribute('d')).not.toContain('a');
  });

  test('prints values at the right edge, and intervals where there is room', () => {
    const texts = (width: number) => textsOf(readFigure(effectChart(record, inTheme('light', width))));
    expect(texts(920)).toEqual(expect.arrayContaining(['3.00', '−0.50', '3.80', '[2.50, 3.50]']));
    expect(texts(360)).toContain('3.00');
    expect(texts(360)).not.toContain('[2.50, 3.50]');
  });

  test('names in the key only what is drawn', () => {
    const bare = { ...record, groups: [{ rows: [{ label: 'L0H0', value: 1 }] }] };
    const texts = textsOf(readFigure(effectChart(bare, inTheme('light'))));
    for (const absent of ['circuit', 'other', '95 % interval', 'for comparison']) expect(texts).not.toContain(absent);
    expect(textsOf(readFigure(effectChart({ ...record, pointsLabel: 'random sets' }, inTheme('light'))))).toEqual(
      expect.arrayContaining(['circuit', 'control', '95 % interval', 'random sets']),
    );
  });

  test.each([320, 360, 720, 1200])('places all texts inside %i pixels without overlap', (width) => {
    expect(misplacedTexts(readFigure(effectChart(record, inTheme('light', width))))).toEqual([]);
  });

  test('tells every effect in words', () => {
    expect(readFigure(effectChart(record, inTheme('light'))).querySelector('desc')?.textContent).toContain(
      'Single heads: L0H1 (circuit) 3.00 [2.50, 3.50]; L0H2 (control) −0.50 [−0.75, −0.25].',
    );
  });

  test('refuses what it cannot draw', () => {
    const draw = (row: Partial<EffectRow>) => () =>
      effectChart({ ...record, groups: [{ rows: [{ label: 'L0H0', value: 1, ...row }] }] }, inTheme('light'));
    expect(draw({ value: Number.NaN })).toThrow('effectChart: the value of "L0H0" is NaN');
    expect(draw({ interval: [2, 1] })).toThrow('effectChart: the interval of "L0H0" is [2, 1]; pass');
    expect(draw({ points: [Number.POSITIVE_INFINITY] })).toThrow('effectChart: a point of "L0H0" is Infinity');
    expect(() => effectChart({ ...record, groups: [] }, inTheme('light'))).toThrow(
      'effectChart: groups is empty; pass',
    );
    const many = Array.from({ length: 7 }, (_, i) => ({ label: `L0H${i}`, value: i, kind: `kind ${i}` }));
    expect(() => effectChart({ ...record, groups: [{ rows: many }] }, inTheme('light'))).toThrow(
      'effectChart: there are 7 kinds',
    );
  });
});
