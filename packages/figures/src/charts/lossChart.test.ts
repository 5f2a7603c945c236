import { describe, expect, test } from 'vitest';
import { inTheme, numbersOf, readFigure, snapshotOf, textsOf } from '../../test/readFigure.ts';
import { type LossRecord, lossChart } from './lossChart.ts';

const lnVocab = Math.log(64);
const record: LossRecord = {
  points: [
    { step: 0, segments: { first: 4.3, repeat: 4.25, boundary: 4.4 } },
    { step: 10, segments: { first: 4.2, repeat: 3 } },
    { step: 100, segments: { first: null, repeat: 1 } },
    { step: 1000, segments: { first: 4.16, repeat: 0.05, boundary: 4.2 } },
  ],
  segments: [
    { name: 'first', title: 'first occurrence' },
    { name: 'boundary', title: 'boundary', single: true },
    { name: 'repeat', title: 'repeat', predictable: true },
  ],
  lnVocab,
  title: 'Loss',
  xScale: 'log',
  marks: [{ step: 100, label: 'solved' }],
};
const many = (count: number): LossRecord => ({
  ...record,
  points: Array.from({ length: count }, (_, step) => ({
    step,
    segments: {
      first: 4.1 + 0.1 * (step % 3),
      repeat: step < count / 2 ? 4 : 0.1 + 0.1 * (step % 2),
      boundary: 4 + 0.2 * (step % 5),
    },
  })),
});

/** Vertices of the drawn lines, in the order drawn. */
function linesOf(figure: Element): { x: number; y: number }[][] {
  return Array.from(figure.querySelectorAll('g[fill="none"][stroke-linejoin] path'), (path) =>
    (path.getAttribute('d') ?? '')
      .split(/[ML]/)
      .filter(Boolean)
      .map((pair) => ({ x: Number(pair.split(',')[0]), y: Number(pair.split(',')[1]) })),
  );
}

describe('lossChart', () => {
  test('is drawn as recorded', async () => {
    await expect(snapshotOf(lossChart(record, inTheme('light')))).toMatchFileSnapshot('snapshots/lossChart.svg');
  });

  test('draws one line per loss, skips null, and labels each at its end with its last value', () => {
    const figure = readFigure(lossChart(record, inTheme('light')));
    const [boundary, first, repeat, ...rest] = linesOf(figure);
    expect([boundary?.length, first?.length, repeat?.length, rest.length]).toEqual([2, 3, 4, 0]);
    expect(textsOf(figure)).toEqual(
      expect.arrayContaining([
        'repeat 0.05',
        'first occurrence 4.16',
        'boundary 4.20',
        'ln 64 = 4.16 (chance)',
        'solved',
      ]),
    );
  });

  test('puts the chance line at ln V on an axis from 0', () => {
    const figure = readFigure(lossChart(record, inTheme('light')));
    const first = linesOf(figure)[1]!;
    const dashed =
      figure.querySelector('[stroke-dasharray="5 4"] line') ?? figure.querySelector('line[stroke-dasharray="5 4"]');
    const chance = numbersOf(dashed!, 'y1', 'y2');
    expect(chance.y1).toBe(chance.y2);
    // The first occurrence falls from 4.3 to 4.16, so the line at 4.1589 is known from its ends.
    const perNat = (first[2]!.y - first[0]!.y) / (4.3 - 4.16);
    expect(chance.y1).toBeCloseTo(first[2]!.y + perNat * (4.16 - lnVocab), 0);
    expect(first[0]!.y + perNat * 4.3).toBeCloseTo(300, -1);
  });

  test('gives step 0 a place on a logarithmic axis, left of a break', () => {
    const figure = readFigure(lossChart(record, inTheme('light')));
    const repeat = linesOf(figure)[2]!;
    const xs = repeat.map((p) => p.x);
    expect(xs.every(Number.isFinite)).toBe(true);
    expect(xs[2]! - xs[1]!).toBeCloseTo(xs[3]! - xs[2]!, 1);
    expect(xs[0]!).toBeLessThan(xs[1]!);
    expect(textsOf(figure)).toEqual(expect.arrayContaining(['0', '10', '100', '1,000', 'training step (log scale)']));
  });

  test.each([1, 2, 3])('draws %i points on either scale', (count) => {
    for (const xScale of ['linear', 'log'] as const) {
      const svg = lossChart({ ...record, points: record.points.slice(0, count), xScale }, inTheme('light'));
      expect(svg).not.toMatch(/NaN|Infinity|undefined/);
      readFigure(svg);
    }
  });

  test('thins thousands of points below 60 KB and keeps the range as a band', () => {
    for (const xScale of ['linear', 'log'] as const) {
      const svg = lossChart({ ...many(20_000), xScale }, inTheme('light'));
      expect(svg.length).toBeLessThan(60_000);
      const figure = readFigure(svg);
      for (const line of linesOf(figure)) expect(line.length).toBeLessThanOrEqual(221);
      expect(textsOf(figure)).toContain('repeat 0.15');
      expect(figure.querySelectorAll('[fill-opacity="0.2"]').length).toBe(2);
    }
  });

  test('describes the change in words', () => {
    const figure = readFigure(lossChart(record, inTheme('light')));
    expect(figure.querySelector('desc')?.textContent).toBe(
      'Loss on the repeat falls from 4.25 to 0.05 nats by step 1,000; it is first below half of chance, 2.08 nats, at step 100. ' +
        'Loss on the first occurrence ends at 4.16 nats. Reference line: ln 64 = 4.16 (chance).',
    );
  });

  test('draws any segments, and is about the first that can be predicted, or else the first', () => {
    const points = [1, 2].map((step) => ({ step, segments: { prompt: 4, answer: 2 / step, aside: 3, rest: null } }));
    const named = (...names: string[]) => names.map((name) => ({ name, title: `${name} of it` }));
    const figure = readFigure(
      lossChart({ ...record, points, segments: named('prompt', 'answer', 'aside', 'rest') }, inTheme('light')),
    );
    expect(textsOf(figure)).toEqual(
      expect.arrayContaining(['prompt of it 4.00', 'answer of it 1.00', 'aside of it 3.00']),
    );
    expect(textsOf(figure).join()).not.toContain('rest');
    expect(figure.querySelector('desc')?.textContent).toMatch(
      /^Loss on the prompt of it goes from 4\.00 to 4\.00 nats.*Loss on the answer of it ends at 1\.00 nats\./,
    );
    const [answer] = named('answer');
    const about = lossChart(
      { ...record, points, segments: [...named('prompt'), { ...answer!, predictable: true }] },
      inTheme('light'),
    );
    expect(readFigure(about).querySelector('desc')?.textContent).toMatch(/^Loss on the answer of it falls from 2\.00/);
  });

  test('refuses what it cannot draw', () => {
    const draw = (change: Partial<LossRecord>) => () => lossChart({ ...record, ...change }, inTheme('light'));
    const point = { segments: { first: 4, repeat: 4 } };
    expect(draw({ points: [] })).toThrow('lossChart: points is empty; pass at least one');
    expect(draw({ points: [{ step: 5, segments: { first: 4, repeat: Number.NaN } }] })).toThrow(
      'lossChart: the loss of "repeat" at step 5 is NaN',
    );
    expect(
      draw({
        points: [
          { step: 5, ...point },
          { step: 5, ...point },
        ],
      }),
    ).toThrow('lossChart: step 5 follows step 5; pass points in');
    expect(draw({ points: [{ step: -1, ...point }] })).toThrow('lossChart: a step is -1');
    expect(draw({ segments: [] })).toThrow('lossChart: segments is empty; pass at least one');
    expect(draw({ segments: [{ name: 'rest', title: 'rest' }] })).toThrow(
      'lossChart: no point has a loss of any segment',
    );
    expect(draw({ lnVocab: 0 })).toThrow('lossChart: lnVocab is 0');
    expect(draw({ title: ' ' })).toThrow('lossChart: title is empty');
    expect(() => lossChart(record, { theme: 'light' })).toThrow('lossChart: no document here; in Node pass');
  });
});
