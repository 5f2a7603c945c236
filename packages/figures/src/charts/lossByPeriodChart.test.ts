import { describe, expect, test } from 'vitest';
import { inTheme, numbersOf, readFigure, snapshotOf, textsOf } from '../../test/readFigure.ts';
import { type LossByPeriodRecord, lossByPeriodChart } from './lossByPeriodChart.ts';

const lnVocab = Math.log(64);
const record: LossByPeriodRecord = {
  points: [
    { period: 7, lossRepeat: 4, lossBoundary: 4.3, solved: false },
    { period: 11, lossRepeat: 0.2, lossBoundary: 4.2, solved: true },
    { period: 13, lossRepeat: 0.1, lossBoundary: null, solved: true },
    { period: 17, lossRepeat: 2, solved: false },
  ],
  lnVocab,
  threshold: lnVocab / 2,
  title: 'Other periods',
};

describe('lossByPeriodChart', () => {
  test('is drawn as recorded', async () => {
    const svg = lossByPeriodChart(record, inTheme('light'));
    await expect(snapshotOf(svg)).toMatchFileSnapshot('snapshots/lossByPeriodChart.svg');
  });

  test('draws a dot per period, filled where the record says solved', () => {
    const figure = readFigure(lossByPeriodChart(record, inTheme('light')));
    const dots = Array.from(figure.querySelectorAll('circle[r="4"]')).filter(
      (dot) => dot.parentElement?.localName === 'g',
    );
    expect(dots.map((dot) => dot.getAttribute('fill'))).toEqual(['#ffffff', '#0067a8', '#0067a8', '#ffffff']);
    expect(figure.querySelectorAll('circle[r="2"]').length).toBe(2);
    expect(textsOf(figure)).toContain('solved (2 of 4 periods)');
  });

  test('puts the threshold half as high as chance', () => {
    const figure = readFigure(lossByPeriodChart(record, inTheme('light')));
    const heightOf = (dash: string) => {
      const line = figure.querySelector(`[stroke-dasharray="${dash}"]`)!;
      return 260 - numbersOf(line.localName === 'line' ? line : line.querySelector('line')!, 'y1').y1;
    };
    expect(heightOf('1.5 3')).toBeCloseTo(heightOf('5 4') / 2, 1);
    expect(textsOf(figure)).toEqual(expect.arrayContaining(['threshold ½ ln 64 = 2.08', 'ln 64 = 4.16 (chance)']));
  });

  test('names a threshold that is not half of chance by its value alone', () => {
    expect(textsOf(readFigure(lossByPeriodChart({ ...record, threshold: 1.5 }, inTheme('light'))))).toContain(
      'threshold 1.50',
    );
  });

  test('describes which periods are solved', () => {
    const figure = readFigure(lossByPeriodChart(record, inTheme('light')));
    expect(figure.querySelector('desc')?.textContent).toContain(
      'Solved: 11, 13. Lowest 0.10 nats at period 13, highest 4.00 at period 7.',
    );
  });

  test('draws a single period, and refuses none, a broken order or NaN', () => {
    const draw = (change: Partial<LossByPeriodRecord>) => () =>
      lossByPeriodChart({ ...record, ...change }, inTheme('light'));
    expect(draw({ points: record.points.slice(0, 1) })()).not.toMatch(/NaN/);
    expect(draw({ points: [] })).toThrow('lossByPeriodChart: points is empty; pass');
    expect(draw({ points: [...record.points].reverse() })).toThrow(
      'lossByPeriodChart: period 13 follows period 17; pass',
    );
    expect(draw({ threshold: Number.NaN })).toThrow('lossByPeriodChart: threshold is NaN');
    expect(draw({ points: [{ period: 2.5, lossRepeat: 1, solved: true }] })).toThrow(
      'lossByPeriodChart: a period is 2.5',
    );
  });
});
