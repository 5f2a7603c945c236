// What is said of a view: everything is in the view, and nothing but what it shows.
import {
  handBuiltInduction,
  handBuiltPositionalCopier,
  loadEngine,
  Model,
  type ModelConfig,
} from '@induction-lab/core/node';
import { describe, expect, test } from 'vitest';
import { sharpLooks, sharpText } from '../src/bench/sharpLooks.ts';
import { copiesIn } from '../src/copying.ts';
import type { Look, View } from '../src/protocol.ts';
import { brokenParts, brokenTitle, lookText, titleAt, wordIn } from '../src/viewText.ts';
import { barsOf, fingerprintOf, lookAt } from '../src/worker/look.ts';

const engine = await loadEngine({ exact: true });
const whole: Look = { period: 9, tokens: null, ablated: [], kind: 'zero', cuts: [], step: null };

function viewOf(model: Model, look: Partial<Look> = {}): View {
  const known = { step: 7, fingerprint: fingerprintOf(model.getWeights()), ...barsOf(model, 2) };
  return lookAt(model, { ...whole, ...look }, known);
}

describe('a view carries the look as it was carried out', () => {
  const one = handBuiltPositionalCopier(engine, { dVocab: 31, nCtx: 20, period: 9 });
  const two = handBuiltInduction(engine, { dVocab: 31, nCtx: 20 });

  test('heads and paths that the model does not have are not said to be broken', () => {
    const strangers = [
      { layer: 0, head: 7 },
      { layer: 5, head: 0 },
    ];
    const { look, broken } = viewOf(one, { ablated: strangers, cuts: ['k'] });
    expect([look.ablated, look.cuts, broken]).toEqual([[], [], false]);
    expect(brokenParts(look)).toEqual([]);
    expect(brokenTitle(look)).toBe('');
    const both = viewOf(two, { ablated: [...strangers, { layer: 0, head: 0 }], cuts: ['k'], kind: 'mean' });
    expect(brokenParts(both.look)).toEqual(['L0H0 off', 'K cut']);
    expect(brokenTitle(both.look)).toBe(', L0H0 off (mean), K path cut');
    expect(lookText(both.look)).toBe('period 9, L0H0 off, K cut');
  });

  test('a period that does not fit is said as the one that was taken', () => {
    const { look, period } = viewOf(two, { period: 25 });
    expect([look.period, period]).toEqual([10, 10]);
  });

  test('words belong to the view of the sequence that was typed, and to no other', () => {
    const typed = {
      text: 'a b a',
      words: new Map([
        [30, 'a'],
        [29, 'b'],
      ]),
    };
    const own = viewOf(two, { tokens: [30, 29, 30], typed });
    expect(own.tokens.map((t) => wordIn(own, t))).toEqual(['a', 'b', 'a']);
    const probe = viewOf(two, { typed }); // a sequence that was refused
    expect(wordIn(probe, 30)).toBe('30');
  });

  test('the number of the request comes back with the view', () => {
    expect(viewOf(two, { request: 12 }).look.request).toBe(12);
  });

  test('outputs that are no numbers are refused by a sentence, and never shown', () => {
    const weights = two.getWeights();
    const huge = Object.fromEntries(
      Object.entries(weights).map(([name, { data, shape }]) => [
        name,
        { shape, data: Float32Array.from(data, (x) => x * 1e30) },
      ]),
    );
    const model = new Model(engine, two.config as ModelConfig);
    model.setWeights(huge);
    expect(() =>
      lookAt(model, whole, { step: 7, fingerprint: '', bars: [], chance: { previousToken: 0, induction: 0 } }),
    ).toThrow(/not finite/);
  });
});

test('a run is named with the step of its view, a file without', () => {
  expect(titleAt({ name: 'varied', seed: 3, file: null }, 20)).toBe('varied, seed 3, step 20');
  expect(titleAt({ name: 'x.safetensors', seed: 0, file: { metadata: {} } }, 0)).toBe('x.safetensors');
});

describe('copying in a typed sequence', () => {
  test.each([
    [[1, 2, 3, 1], { right: [], wrong: [], afterLast: [2] }], // captain varga lowered captain
    [[1, 2, 3, 4], { right: [], wrong: [], afterLast: [] }],
    [[1, 2, 1, 3], { right: [], wrong: [2], afterLast: [] }], // the cat the mat
    [[1, 2, 1, 2], { right: [2], wrong: [], afterLast: [1] }],
    [[1, 2, 1, 3, 1], { right: [], wrong: [2], afterLast: [3, 2] }],
    [[5, 5], { right: [], wrong: [], afterLast: [5] }],
    [[5, 5, 5], { right: [1], wrong: [], afterLast: [5] }],
  ])('%j', (tokens, copies) => {
    expect(copiesIn(tokens)).toEqual(copies);
  });
});

describe('where heads look from a query that is pointed at', () => {
  const word = (): string => 'x';

  test('a shortcut’s distance is seen, with a block and without', () => {
    const view = viewOf(handBuiltPositionalCopier(engine, { dVocab: 31, nCtx: 20, period: 9 }));
    const [look] = sharpLooks(view, 12);
    expect(look).toMatchObject({ label: 'L0H0', key: 4, back: 8 });
    expect(look?.relations).toContain('fixed distance');
    expect(look?.relations).toContain('after an earlier copy'); // at the trained period both are so
    expect(sharpText(sharpLooks(view, 12), word)).toMatch(
      /^L0H0: 8 back, fixed distance, after an earlier copy \(key 4/,
    );
    const other = viewOf(handBuiltPositionalCopier(engine, { dVocab: 31, nCtx: 20, period: 9 }), { period: 7 });
    expect(sharpText(sharpLooks(other, 12), word)).toMatch(/^L0H0: 8 back, fixed distance \(key 4/);
  });

  test('an induction circuit shows the previous token and the place after the earlier copy', () => {
    const view = viewOf(handBuiltInduction(engine, { dVocab: 31, nCtx: 20 }));
    const said = sharpText(sharpLooks(view, 12), word);
    expect(said).toContain('L0H0: 1 back, previous token (key 11');
    expect(said).toContain('L1H0: 8 back, after an earlier copy (key 4');
    expect(said).not.toContain('H1'); // heads that are nothing look nowhere
  });

  /** A view with the given key for each head at query 5. */
  const made = (keys: readonly number[], tokens = [1, 2, 3, 1, 4, 1]): View => {
    const size = tokens.length;
    const patterns = new Float32Array(keys.length * size * size);
    keys.forEach((key, head) => {
      patterns[(head * size + 5) * size + key] = 0.9;
    });
    const bars = keys.map((_, head) => ({
      ...{ layer: 0, head, label: `L0H${head}`, previousToken: 0 },
      induction: 0,
      control: 0,
      excess: 0,
      offset: 0,
    }));
    return { tokens, patterns, control: new Float32Array(patterns.length), bars } as unknown as View;
  };

  test('the first token, the same token and the query itself have their names', () => {
    const said = sharpLooks(made([0, 3, 5, 4, 1]), 5).map(({ relations }) => relations.join(', '));
    expect(said).toEqual([
      'first token, same token',
      'same token',
      'itself',
      'previous token, after an earlier copy',
      'after an earlier copy',
    ]);
  });

  test('many heads are grouped, and the rest is counted', () => {
    const keys = Array.from({ length: 144 }, (_, i) => i % 6);
    const said = sharpText(sharpLooks(made(keys), 5), word);
    expect(said).toContain('L0H0, L0H6, L0H12, L0H18 and 20 more: 5 back, first token');
    expect(said.length).toBeLessThan(600);
  });
});
