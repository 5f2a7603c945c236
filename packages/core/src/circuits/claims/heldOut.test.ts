// What was held out is measured beside the verdict: hand-built models that treat one token, or one place, otherwise.
import { describe, expect, test } from 'vitest';
import { handBuiltInduction, loadEngine, Model } from '../../node.ts';
import { audit } from './audit.ts';
import type { HeldOut } from './heldOut.ts';

const engine = await loadEngine({ exact: true, shared: false });
const model = handBuiltInduction(engine, { dVocab: 23, nCtx: 22 });
const options = { sequences: 8, seed: 3 };
const all: HeldOut = { periods: [5, 9], starts: [2, 4], tokens: [6, 7] };

test('an audit that is told nothing of it has the same record as ever', () => {
  expect('heldOut' in audit(model, options)).toBe(false);
  const { heldOut, ...record } = audit(model, { ...options, heldOut: all });
  expect(record).toEqual(audit(model, options));
  expect(heldOut!.sequences).toBe(8);
});

test('a model that copies by content copies what was held out, too', () => {
  const { heldOut } = audit(model, { ...options, heldOut: all });
  expect(heldOut!.periods.map(({ period }) => period)).toEqual([5, 9]);
  for (const { lossRepeat } of [...heldOut!.periods, ...heldOut!.starts]) expect(lossRepeat.value).toBeLessThan(0.2);
  expect(heldOut!.starts.map(({ start }) => start)).toEqual([2, 4]);
  for (const { start, period } of heldOut!.starts) expect(start + 2 * period).toBeLessThanOrEqual(22);
  expect(heldOut!.tokens!.lossAtMatch.value).toBeLessThan(0.2);
  expect(heldOut!.tokens!.lossAtCopy.value).toBeLessThan(0.2);
});

test('a token whose unembedding was never trained is found again, and not copied', () => {
  const weights = model.getWeights();
  const { shape, data } = weights['unembed.W_U']!;
  const changed = Float32Array.from(data);
  for (let row = 0; row < shape[0]!; row++) changed[row * 23 + 6] = 0;
  const other = new Model(engine, model.config);
  other.setWeights({ ...weights, 'unembed.W_U': { shape, data: changed } });
  const { tokens } = audit(other, { ...options, heldOut: { tokens: [6] } }).heldOut!;
  expect(tokens!.lossAtMatch.value).toBeLessThan(0.2);
  expect(tokens!.lossAtCopy.value).toBeGreaterThan(2);
  expect(audit(other, { ...options, heldOut: { tokens: [7] } }).heldOut!.tokens!.lossAtCopy.value).toBeLessThan(0.2);
});

describe('what this model cannot be shown is refused', () => {
  test.each<[object, RegExp]>([
    [{}, /^audit: options\.heldOut names nothing; give periods, starts or tokens, or leave it out\.$/],
    [{ period: [3] }, /^audit: options\.heldOut has an unknown field "period"; the nearest known one is "periods"\.$/],
    [{ periods: [12] }, /^audit: .*12/],
    [
      { starts: [20] },
      /^audit: options\.heldOut\.starts names 20, after which a context of 22 has no room for two copies/,
    ],
    [{ tokens: [3, 3] }, /^audit: options\.heldOut\.tokens has 3 twice; name each once\.$/],
    [{ starts: [2, 4, 2] }, /^audit: options\.heldOut\.starts has 2 twice; name each once\.$/],
    [{ tokens: [23] }, /^audit: options\.heldOut\.tokens names 23; this model has tokens 0 to 22\.$/],
  ])('%j', (heldOut, sentence) => {
    expect(() => audit(model, { ...options, heldOut })).toThrow(sentence);
  });
});
