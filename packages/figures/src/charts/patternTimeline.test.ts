import { describe, expect, test } from 'vitest';
import { inTheme, misplacedTexts, numbersOf, pixelOf, readFigure, snapshotOf, textsOf } from '../../test/readFigure.ts';
import { weightColour } from '../scales/colourRamp.ts';
import { type PatternTimelineRecord, patternTimeline } from './patternTimeline.ts';

const size = 7;
/** A share of the weight on key = query − offset, the rest on key 0. */
function pattern(offset: number, share: number): Float64Array {
  const weights = new Float64Array(size * size);
  for (let query = 0; query < size; query++) {
    const key = Math.max(0, query - offset);
    weights[query * size + key]! += share;
    weights[query * size]! += 1 - share;
  }
  return weights;
}
const record: PatternTimelineRecord = {
  title: 'The stripe',
  size,
  heads: [
    { label: 'L0H1', mark: 'previous-token head', stripe: { offset: 1, fromQuery: 2, toQuery: 6 } },
    { label: 'L1H0', mark: 'induction head' },
    { label: 'L1H1', stripe: null },
  ],
  steps: [0, 500, 10_000],
  patterns: [1, 2, 3].map((offset) => [0, 0.5, 0.9].map((share) => pattern(offset, share))),
  stripe: { offset: 2, fromQuery: 3, toQuery: 5 },
};
const imagesOf = (figure: Element) => Array.from(figure.querySelectorAll('image.pattern'));

describe('patternTimeline', () => {
  test('is drawn as recorded', async () => {
    await expect(snapshotOf(patternTimeline(record, inTheme('light')))).toMatchFileSnapshot(
      'snapshots/patternTimeline.svg',
    );
  });

  test('draws a row per head and a column per step', () => {
    const images = imagesOf(readFigure(patternTimeline(record, inTheme('dark'))));
    expect(images.map((image) => `${image.getAttribute('data-head')} ${image.getAttribute('data-step')}`)).toEqual(
      ['L0H1', 'L1H0', 'L1H1'].flatMap((head) => [0, 500, 10_000].map((step) => `${head} ${step}`)),
    );
    const boxes = images.map((image) => numbersOf(image, 'x', 'y'));
    expect(boxes[0]!.y).toBe(boxes[2]!.y);
    expect(boxes[1]!.x).toBe(boxes[7]!.x);
    expect(pixelOf(images[4]!, { row: 5, column: 3 })).toEqual([...weightColour('dark', 0.5), 255]);
    expect(pixelOf(images[5]!, { row: 5, column: 3 })).toEqual([...weightColour('dark', 0.9), 255]);
  });

  test("writes each panel's mean weight on the head's own stripe, or on the shared one, or none", () => {
    const figure = readFigure(patternTimeline(record, inTheme('light')));
    expect(imagesOf(figure).map((image) => image.getAttribute('data-stripe'))).toEqual([
      '0',
      '0.5',
      '0.9',
      '0',
      '0.5',
      '0.9',
      null,
      null,
      null,
    ]);
    expect(textsOf(figure).filter((text) => text === '0.90').length).toBe(2);
    expect(figure.querySelectorAll('path[stroke-width="0.9"]').length).toBe(6);
  });

  test('goes on in a further block of rows where the width holds too few columns', () => {
    const steps = Array.from({ length: 9 }, (_, i) => 100 * i);
    const patterns = record.heads.map((_, head) => steps.map(() => pattern(head + 1, 0.5)));
    const images = imagesOf(readFigure(patternTimeline({ ...record, steps, patterns }, inTheme('light', 360))));
    expect(images.length).toBe(27);
    const boxes = images.map((image) => numbersOf(image, 'x', 'y', 'width'));
    for (const { x, width } of boxes) {
      expect(x + width).toBeLessThanOrEqual(360);
      expect(width).toBeGreaterThanOrEqual(54);
    }
    expect(new Set(boxes.map(({ y }) => y)).size).toBeGreaterThan(3);
  });

  test.each([320, 360, 720, 1200])('places all texts inside %i pixels without overlap', (width) => {
    const steps = [0, 10, 100, 1000, 20_000, 30_000, 40_000, 100_000];
    const patterns = record.heads.map((_, head) => steps.map(() => pattern(head + 1, 0.5)));
    for (const each of [record, { ...record, steps, patterns }])
      expect(misplacedTexts(readFigure(patternTimeline(each, inTheme('light', width))))).toEqual([]);
  });

  test('describes how the weight on the stripe grows', () => {
    expect(readFigure(patternTimeline(record, inTheme('light'))).querySelector('desc')?.textContent).toContain(
      'L1H0 (induction head) 0.000 at step 0, 0.50 at step 500, 0.90 at step 10,000',
    );
  });

  test('refuses what it cannot draw', () => {
    const draw = (change: Partial<PatternTimelineRecord>) => () =>
      patternTimeline({ ...record, ...change }, inTheme('light'));
    expect(draw({ heads: [] })).toThrow('patternTimeline: heads is empty; pass');
    expect(draw({ steps: [0, 500] })).toThrow('patternTimeline: head L0H1 has 3 patterns, there are 2 steps; pass');
    expect(draw({ steps: [0, 500, 500] })).toThrow('patternTimeline: step 500 follows step 500; pass');
    expect(draw({ patterns: [] })).toThrow('patternTimeline: patterns has 0 rows, heads has 3; pass');
    expect(draw({ heads: [record.heads[0]!, record.heads[0]!, record.heads[1]!] })).toThrow('head L0H1 comes twice');
    expect(draw({ stripe: { offset: 2, fromQuery: 3, toQuery: 9 } })).toThrow('leaves a pattern of size 7; pass');
    expect(draw({ size: 6 })).toThrow('patternTimeline: head L0H1 at step 0 has 49 weights, size 6 needs 36; pass');
  });
});
