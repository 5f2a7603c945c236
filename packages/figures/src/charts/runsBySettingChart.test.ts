import { describe, expect, test } from 'vitest';
import { inTheme, misplacedTexts, readFigure, snapshotOf, textsOf } from '../../test/readFigure.ts';
import { spreadDots } from './dotColumns.ts';
import { type RunsBySettingRecord, runsBySettingChart } from './runsBySettingChart.ts';

const run = (value: number, seed: number, kind: string) => ({ value, label: `seed ${seed}`, kind });
const record: RunsBySettingRecord = {
  title: 'Sweep',
  xAxis: 'range of periods (tokens)',
  yAxis: 'loss on the repeat',
  unit: 'nats per token',
  groups: [
    { x: '25', runs: [run(5, 0, 'positional'), run(5, 1, 'positional'), run(4.5, 2, 'positional')] },
    { x: '24–25', runs: [run(0.2, 0, 'induction'), run(4.8, 1, 'positional'), run(0.2, 2, 'induction')] },
    { x: '10–25', runs: [run(0.1, 0, 'induction')] },
  ],
  reference: [{ value: 4.16, label: 'chance, ln 64' }],
};
const dotsOf = (figure: Element) =>
  Array.from(figure.querySelectorAll('path.run'), (dot) => {
    const numbers = (dot.getAttribute('d') ?? '').match(/-?[\d.]+/g)!.map(Number);
    return { x: numbers[0]!, y: numbers[1]!, setting: dot.getAttribute('data-x'), kind: dot.getAttribute('data-kind') };
  });

describe('runsBySettingChart', () => {
  test('is drawn as recorded', async () => {
    await expect(snapshotOf(runsBySettingChart(record, inTheme('light')))).toMatchFileSnapshot(
      'snapshots/runsBySettingChart.svg',
    );
  });

  test('draws every run once, settings from left to right, and counts kinds in the key', () => {
    const figure = readFigure(runsBySettingChart(record, inTheme('light')));
    const dots = dotsOf(figure);
    expect(dots.map((dot) => dot.setting)).toEqual(['25', '25', '25', '24–25', '24–25', '24–25', '10–25']);
    const means = ['25', '24–25', '10–25'].map((setting) => {
      const own = dots.filter((dot) => dot.setting === setting);
      return own.reduce((sum, dot) => sum + dot.x, 0) / own.length;
    });
    expect(means[0]!).toBeLessThan(means[1]!);
    expect(means[1]!).toBeLessThan(means[2]!);
    expect(textsOf(figure)).toEqual(expect.arrayContaining(['positional (4)', 'induction (3)', 'chance, ln 64']));
  });

  test('draws higher values higher, equal ones at one height and apart', () => {
    const [a, b, c] = dotsOf(readFigure(runsBySettingChart(record, inTheme('light'))));
    expect(a!.y).toBe(b!.y);
    expect(Math.abs(a!.x - b!.x)).toBeGreaterThan(8);
    expect(c!.y).toBeGreaterThan(a!.y);
  });

  test('a logarithmic axis puts equal ratios at equal distances', () => {
    const runs = [run(0.01, 0, 'a'), run(0.1, 1, 'a'), run(1, 2, 'a')];
    const figure = readFigure(
      runsBySettingChart({ ...record, scale: 'log', reference: [], groups: [{ x: 'x', runs }] }, inTheme('dark')),
    );
    const [a, b, c] = dotsOf(figure);
    expect(a!.y - b!.y).toBeCloseTo(b!.y - c!.y, 1);
    expect(textsOf(figure)).toContain('loss on the repeat (nats per token, log scale)');
  });

  test('dots that would cover each other move sideways by the least, the same every time', () => {
    expect(spreadDots([0, 100, 0, 0], 10, 50)).toEqual([0, 0, 10, -10]);
    expect(spreadDots([0, 0, 0], 10, 5)).toEqual([0, 5, -5]);
    expect(runsBySettingChart(record, inTheme('light'))).toBe(runsBySettingChart(record, inTheme('light')));
  });

  test.each([320, 360, 720, 1200])('places all texts inside %i pixels without overlap', (width) => {
    const many = {
      ...record,
      groups: Array.from({ length: 9 }, (_, i) => ({ ...record.groups[0]!, x: `${i}–${i + 25} tokens` })),
    };
    for (const each of [record, many])
      expect(misplacedTexts(readFigure(runsBySettingChart(each, inTheme('light', width))))).toEqual([]);
  });

  test('a summary is a level at its value over a bar of its interval, and what is none is not drawn', () => {
    const summary = (value: number, low: number, high: number) => ({ value, interval: [low, high] as const });
    const groups = [
      { ...record.groups[0]!, summary: summary(5, 4.5, 5) },
      { ...record.groups[1]!, summary: summary(Number.NaN, Number.NaN, Number.NaN) },
    ];
    const figure = readFigure(runsBySettingChart({ ...record, groups }, inTheme('light')));
    const levels = Array.from(figure.querySelectorAll('line.summary'));
    expect(levels.map((level) => level.getAttribute('data-x'))).toEqual(['25']);
    const [first, second] = dotsOf(figure);
    expect(Number(levels[0]!.getAttribute('y1'))).toBeCloseTo(first!.y, 0);
    expect(second!.y).toBe(first!.y);
    expect(figure.querySelector('desc')?.textContent).toContain(
      '25: 3 positional, from 4.50 to 5.00, in the middle 5.00',
    );
  });

  test('with a domain, figures can be compared: the same value stands at the same height', () => {
    const drawn = (value: number) =>
      dotsOf(
        readFigure(
          runsBySettingChart(
            {
              ...record,
              reference: [],
              domain: [0, 10],
              groups: [{ x: 'x', runs: [run(3, 0, 'a'), run(value, 1, 'a')] }],
            },
            inTheme('light'),
          ),
        ),
      );
    expect(drawn(9)[0]!.y).toBe(drawn(1)[0]!.y);
  });

  test('describes each setting by counts and range', () => {
    expect(readFigure(runsBySettingChart(record, inTheme('light'))).querySelector('desc')?.textContent).toContain(
      'loss on the repeat (nats per token) of 7 runs by range of periods (tokens). 25: 3 positional, from 4.50 to 5.00; 24–25: 2 induction, 1 positional',
    );
  });

  test('refuses what it cannot draw', () => {
    const draw = (change: Partial<RunsBySettingRecord>) => () =>
      runsBySettingChart({ ...record, ...change }, inTheme('light'));
    expect(draw({ groups: [] })).toThrow('runsBySettingChart: groups is empty; pass');
    expect(draw({ groups: [{ x: '1', runs: [] }] })).toThrow('runsBySettingChart: runs is empty; pass');
    expect(draw({ groups: [record.groups[0]!, record.groups[0]!] })).toThrow(
      'runsBySettingChart: setting "25" comes twice',
    );
    expect(draw({ groups: [{ x: '1', runs: [run(Number.NaN, 3, 'a')] }] })).toThrow(
      'runsBySettingChart: the value of "seed 3" at "1" is NaN',
    );
    expect(draw({ scale: 'log', groups: [{ x: '1', runs: [run(0, 3, 'a')] }] })).toThrow(
      'runsBySettingChart: the value of "seed 3" at "1" is 0, a logarithmic axis needs more than 0; pass',
    );
  });
});
