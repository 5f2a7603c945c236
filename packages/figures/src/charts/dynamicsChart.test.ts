import { describe, expect, test } from 'vitest';
import { inTheme, misplacedTexts, numbersOf, readFigure, snapshotOf, textsOf } from '../../test/readFigure.ts';
import { type DynamicsRecord, dynamicsChart } from './dynamicsChart.ts';
import type { DynamicsLine } from './dynamicsLines.ts';

const steps = [0, 10, 100, 1000, 10_000];
const line = (label: string, values: number[], emphasis?: boolean): DynamicsLine => ({
  label,
  steps,
  values,
  ...(emphasis === undefined ? {} : { emphasis }),
});
const record: DynamicsRecord = {
  title: 'Dynamics',
  xScale: 'log',
  panels: [
    {
      title: 'Loss',
      unit: 'nats per token',
      lines: [line('repeat', [4.3, 4.2, 4, 1, 0.2])],
      reference: { value: 4.16, label: 'chance 4.16' },
    },
    {
      title: 'Induction score',
      unit: 'share of attention',
      domain: [0, 1],
      lines: [line('L1H0', [0, 0.1, Number.NaN, 0.8, 0.9], true), line('L1H1', [0, 0, 0.1, 0.1, 0.1])],
    },
  ],
  events: [
    { step: 100, label: 'previous-token score' },
    { step: 150, label: 'phase change' },
    { step: 9000, label: 'loss has settled' },
  ],
};
const linesOf = (figure: Element) => Array.from(figure.querySelectorAll('path.line'));
const verticesOf = (path: Element) =>
  (path.getAttribute('d') ?? '')
    .split(/[ML]/)
    .filter(Boolean)
    .map((pair) => pair.split(',').map(Number) as [number, number]);

describe('dynamicsChart', () => {
  test('is drawn as recorded', async () => {
    await expect(snapshotOf(dynamicsChart(record, inTheme('light')))).toMatchFileSnapshot(
      'snapshots/dynamicsChart.svg',
    );
  });

  test('draws all lines on one axis of steps, faint ones thin and below, and names the others by their last value', () => {
    const figure = readFigure(dynamicsChart(record, inTheme('light')));
    const lines = linesOf(figure);
    expect(lines.map((path) => `${path.getAttribute('data-panel')} ${path.getAttribute('data-label')}`)).toEqual([
      '0 repeat',
      '1 L1H1',
      '1 L1H0',
    ]);
    expect(lines.map((path) => path.getAttribute('data-last'))).toEqual(['0.2', '0.1', '0.9']);
    const [loss, faint, strong] = lines.map((path) => Number(path.getAttribute('stroke-width')));
    expect(loss).toBe(strong);
    expect(faint!).toBeLessThan(strong! / 2);
    expect(verticesOf(lines[0]!).map(([x]) => x)).toEqual(verticesOf(lines[1]!).map(([x]) => x));
    const texts = textsOf(figure);
    expect(texts).toEqual(expect.arrayContaining(['repeat 0.20', 'L1H0 0.90', 'other heads', 'chance 4.16', '10,000']));
    expect(texts.some((text) => text.startsWith('L1H1'))).toBe(false);
  });

  test('leaves a gap at NaN', () => {
    const path = linesOf(readFigure(dynamicsChart(record, inTheme('light'))))[2]!;
    expect(verticesOf(path).length).toBe(4);
    expect((path.getAttribute('d') ?? '').split('M').length - 1).toBe(2);
  });

  test('draws events through all panels, at their steps', () => {
    const figure = readFigure(dynamicsChart(record, inTheme('light')));
    const events = Array.from(figure.querySelectorAll('line[data-event]'));
    expect(events.map((event) => event.getAttribute('data-step'))).toEqual(['100', '150', '9000']);
    const vertices = linesOf(figure).map(verticesOf);
    const first = numbersOf(events[0]!, 'x1', 'y1', 'y2');
    expect(first.x1).toBeCloseTo(vertices[0]![2]![0], 1);
    for (const [, y] of vertices.flat()) {
      expect(first.y1).toBeLessThan(y);
      expect(first.y2).toBeGreaterThan(y - 0.1);
    }
  });

  test('a label has one colour in all panels', () => {
    const twice = {
      ...record,
      panels: [record.panels[0]!, record.panels[1]!, { ...record.panels[1]!, title: 'Again' }],
    };
    const strong = linesOf(readFigure(dynamicsChart(twice, inTheme('dark')))).filter(
      (path) => path.getAttribute('data-label') === 'L1H0',
    );
    expect(strong.length).toBe(2);
    expect(strong[0]!.getAttribute('stroke')).toBe(strong[1]!.getAttribute('stroke'));
  });

  test('moves names into a key, with dashes, where they would take the width', () => {
    const long = {
      ...record,
      panels: [
        {
          ...record.panels[0]!,
          lines: [line('loss on the first occurrence', [4, 4, 4, 4, 4]), line('loss on the repeat', [4, 3, 2, 1, 0])],
        },
      ],
    };
    const figure = readFigure(dynamicsChart(long, inTheme('light', 360)));
    expect(textsOf(figure)).toEqual(expect.arrayContaining(['loss on the repeat', 'dashed: chance 4.16', '4.00']));
    const dashes = linesOf(figure).map((path) => path.getAttribute('stroke-dasharray'));
    expect(new Set(dashes).size).toBe(2);
  });

  test('thins long lines and shows their range', () => {
    const many = Array.from({ length: 5000 }, (_, i) => i);
    const noisy = { label: 'repeat', steps: many, values: many.map((i) => 2 + (i % 2)) };
    const svg = dynamicsChart({ ...record, panels: [{ ...record.panels[0]!, lines: [noisy] }] }, inTheme('light'));
    expect(svg.length).toBeLessThan(30_000);
    expect(readFigure(svg).querySelectorAll('path[fill-opacity="0.18"]').length).toBe(1);
  });

  test.each([320, 360, 720, 1200])('places all texts inside %i pixels without overlap', (width) => {
    for (const xScale of ['linear', 'log'] as const)
      expect(misplacedTexts(readFigure(dynamicsChart({ ...record, xScale }, inTheme('light', width))))).toEqual([]);
  });

  test('describes lines and events in words', () => {
    const text = readFigure(dynamicsChart(record, inTheme('light'))).querySelector('desc')?.textContent;
    expect(text).toContain('Training up to step 10,000. Loss (nats per token): repeat from 4.30 to 0.20');
    expect(text).toContain('L1H0 from 0.00 to 0.90; 1 other line.');
    expect(text).toContain('Events: previous-token score at step 100; phase change at step 150');
  });

  test('refuses what it cannot draw', () => {
    const draw = (change: Partial<DynamicsLine>) => () => {
      const lines = [{ ...record.panels[0]!.lines[0]!, ...change }];
      return dynamicsChart({ ...record, panels: [{ ...record.panels[0]!, lines }] }, inTheme('light'));
    };
    expect(() => dynamicsChart({ ...record, panels: [] }, inTheme('light'))).toThrow(
      'dynamicsChart: panels is empty; pass',
    );
    expect(draw({ values: [1] })).toThrow(
      'dynamicsChart: line "repeat" of panel "Loss" has 1 values for 5 steps; pass',
    );
    expect(draw({ steps: [0, 10, 10, 20, 30] })).toThrow('dynamicsChart: step 10 follows step 10; pass');
    expect(draw({ values: [0, Number.POSITIVE_INFINITY, 0, 0, 0] })).toThrow('at step 10 is Infinity');
    expect(draw({ values: new Array(5).fill(Number.NaN) })).toThrow('has no finite value; leave the line out');
  });
});
