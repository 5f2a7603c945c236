import { describe, expect, test } from 'vitest';
import { inTheme, numbersOf, readFigure, snapshotOf, textsOf } from '../../test/readFigure.ts';
import { type HeadScoreRecord, headScoreChart } from './headScoreChart.ts';
import type { HeadScoreBars } from './headScoreLayout.ts';

const record: HeadScoreRecord = {
  heads: [
    { label: 'L0H0', previousToken: 0.07, induction: 0.03 },
    { label: 'L0H1', previousToken: 0.96, previousTokenInterval: [0.93, 0.98], induction: 0.01 },
    { label: 'L1H0', previousToken: 0.1, induction: 0.9, inductionInterval: [0.86, 0.94], inductionControl: 0.03 },
    { label: 'L1H1', previousToken: 0.05, induction: 0.5, inductionControl: 0.48 },
  ],
  chance: { previousToken: 0.0725, induction: 0.0276 },
  title: 'Scores',
};
const heads = (layers: number, perLayer: number): HeadScoreBars[] =>
  Array.from({ length: layers * perLayer }, (_, i) => ({
    label: `L${Math.floor(i / perLayer)}H${i % perLayer}`,
    previousToken: (i % 7) / 7,
    induction: (i % 5) / 5,
    inductionControl: (i % 3) / 3,
  }));

/** The bars, hollow ones apart. */
function barsOf(figure: Element) {
  const rects = Array.from(figure.querySelectorAll('g g rect'));
  const read = (rect: Element) => ({
    ...numbersOf(rect, 'x', 'y', 'width', 'height'),
    fill: rect.getAttribute('fill'),
  });
  const isOutline = (rect: Element) => rect.parentElement?.getAttribute('stroke-width') === '1.2';
  return { full: rects.filter((rect) => !isOutline(rect)).map(read), hollow: rects.filter(isOutline).map(read) };
}

describe('headScoreChart', () => {
  test('is drawn as recorded', async () => {
    await expect(snapshotOf(headScoreChart(record, inTheme('light')))).toMatchFileSnapshot(
      'snapshots/headScoreChart.svg',
    );
  });

  test('draws two bars per head as high as their scores on an axis from 0 to 1, and hollow ones for controls', () => {
    const { full, hollow } = barsOf(readFigure(headScoreChart(record, inTheme('light'))));
    const scores = full.filter((bar) => bar.fill !== '#ffffff').map((bar) => bar.height / 250);
    expect(scores.length).toBe(8);
    [0.07, 0.03, 0.96, 0.01, 0.1, 0.9, 0.05, 0.5].forEach((score, i) => {
      expect(scores[i]).toBeCloseTo(score, 3);
    });
    expect(hollow.map((bar) => bar.height / 250)).toEqual([expect.closeTo(0.03, 3), expect.closeTo(0.48, 3)]);
  });

  test('labels the highest bar of each score, and the chance levels', () => {
    const texts = textsOf(readFigure(headScoreChart(record, inTheme('light'))));
    expect(texts.filter((text) => /^0\.\d\d$/.test(text))).toEqual(['0.96', '0.90']);
    expect(texts).toEqual(
      expect.arrayContaining(['chance 0.028', 'layer 0', 'layer 1', 'same stripe, no repeat (control)']),
    );
  });

  test('draws one more bar for a detector, hollow for its control, with its chance and its name', () => {
    const detector = { name: 'before the copy', chance: 0.05 };
    const detected = [0.02, 0.1, 0.8, 0.3];
    const more = record.heads.map((head, i) => ({
      ...head,
      detected: detected[i]!,
      detectedControl: detected[i]! / 2,
    }));
    const figure = readFigure(headScoreChart({ ...record, heads: more, detector }, inTheme('light')));
    const { full, hollow } = barsOf(figure);
    const purple = full.filter((bar) => bar.fill === '#99457f').map((bar) => bar.height / 250);
    expect(purple).toEqual(detected.map((value) => expect.closeTo(value, 3)));
    expect(hollow).toHaveLength(2 + 4);
    const texts = textsOf(figure);
    expect(texts).toEqual(
      expect.arrayContaining(['chance 0.050', 'before the copy', 'before the copy, no repeat (control)', '0.80']),
    );
    expect(figure.querySelector('desc')!.textContent).toContain(
      'Highest score of "before the copy": L1H0 with 0.80 (chance 0.050), and 0.40 on sequences without a repeat.',
    );
    expect(() => headScoreChart({ ...record, detector }, inTheme('light'))).toThrow(/detected of head L0H0/);
  });

  test('names no control and no interval in the key where there is none', () => {
    const plain = { ...record, heads: [{ label: 'L0H0', previousToken: 0.5, induction: 0.5 }] };
    const texts = textsOf(readFigure(headScoreChart(plain, inTheme('light'))));
    expect(texts).not.toContain('same stripe, no repeat (control)');
    expect(texts).not.toContain('interval');
  });

  test.each([
    [1, 1],
    [3, 8],
    [4, 12],
  ])('keeps bars apart for %i layers of %i heads, with a gap between layers', (layers, perLayer) => {
    const figure = readFigure(headScoreChart({ ...record, heads: heads(layers, perLayer) }, inTheme('light')));
    const bars = barsOf(figure).full.sort((a, b) => a.x - b.x);
    expect(bars.length).toBe(3 * layers * perLayer);
    const gaps = bars.slice(1).map((bar, i) => bar.x - (bars[i]!.x + bars[i]!.width));
    expect(Math.min(...gaps, 1)).toBeGreaterThan(0.2);
    expect(bars[0]!.x).toBeGreaterThan(40);
    expect(bars[0]!.width).toBeGreaterThan(2.5);
    expect(gaps.filter((gap) => gap > 0.5 * (bars[0]!.width * 3)).length).toBe(layers - 1);
  });

  test('draws labels of another form without layers', () => {
    const named = ['copy', 'match', 'rest'].map((label) => ({ label, previousToken: 0.1, induction: 0.2 }));
    expect(textsOf(readFigure(headScoreChart({ ...record, heads: named }, inTheme('dark'))))).toEqual(
      expect.arrayContaining(['copy', 'match', 'rest']),
    );
  });

  test('describes the highest heads and their control', () => {
    expect(readFigure(headScoreChart(record, inTheme('light'))).querySelector('desc')?.textContent).toContain(
      'Highest induction score: L1H0 with 0.90 (chance 0.028), and 0.030 on sequences without a repeat.',
    );
  });

  test('refuses what is no share of attention', () => {
    const draw = (head: Partial<HeadScoreBars>) => () =>
      headScoreChart(
        { ...record, heads: [{ label: 'L0H0', previousToken: 0, induction: 0, ...head }] },
        inTheme('light'),
      );
    expect(draw({ induction: 1.2 })).toThrow(
      'headScoreChart: induction of head L0H0 is 1.2, expected a share from 0 to 1; pass',
    );
    expect(draw({ previousToken: Number.NaN })).toThrow('headScoreChart: previousToken of head L0H0 is NaN');
    expect(draw({ inductionInterval: [0.5, 0.4] })).toThrow(
      'headScoreChart: inductionInterval of head L0H0 is [0.5, 0.4]; pass',
    );
    expect(() => headScoreChart({ ...record, heads: [] }, inTheme('light'))).toThrow(
      'headScoreChart: heads is empty; pass',
    );
    const twice = [record.heads[0]!, record.heads[0]!];
    expect(() => headScoreChart({ ...record, heads: twice }, inTheme('light'))).toThrow(
      'headScoreChart: head L0H0 comes twice',
    );
  });
});
