// Effects that can be worked out on paper: the hand-built induction model has a loss of about 0, and without its circuit
// each query attends evenly, so its loss on a repeat is about that of guessing among the tokens it sees.
import { describe, expect, test } from 'vitest';
import { referenceEngine } from '../../engine/engine.ts';
import { handBuiltInduction } from '../../examples/handBuiltInduction.ts';
import { handBuiltPositionalCopier } from '../../examples/handBuiltPositionalCopier.ts';
import { ABLATION_KINDS, ablationEffects } from './ablation.ts';

const model = handBuiltInduction(referenceEngine, { dVocab: 17, nCtx: 20 });

describe('ablating the hand-built induction model', () => {
  const effects = Object.fromEntries(
    ABLATION_KINDS.map((kind) => [kind, ablationEffects(model, { kind, sequences: 6 })]),
  );
  const head = (kind: string, label: string): number =>
    effects[kind]!.heads.find((h) => h.label === label)!.increase.value;

  test.for(ABLATION_KINDS)('%s: the idle heads do nothing', (kind) => {
    expect(head(kind, 'L0H1')).toBeCloseTo(0, 10);
    expect(head(kind, 'L1H1')).toBeCloseTo(0, 10);
  });

  test('zero: without either head of the circuit the loss on a repeat is at least that of guessing blindly', () => {
    expect(head('zero', 'L1H0')).toBeCloseTo(Math.log(17), 6); // all logits are 0 then
    expect(head('zero', 'L0H0')).toBeGreaterThan(1);
  });

  test('resample: another sequence’s copy is confidently wrong, which costs more than nothing at all', () => {
    expect(head('resample', 'L1H0')).toBeGreaterThan(head('zero', 'L1H0'));
  });

  test('pattern-preserving: the previous-token head matters only through where the induction head looks', () => {
    expect(head('pattern-preserving', 'L0H0')).toBeCloseTo(0, 10);
    expect(head('pattern-preserving', 'L1H0')).toBeCloseTo(Math.log(17), 6);
  });

  test('a layer counts as all of its heads together', () => {
    const { layers, cleanLoss } = effects.zero!;
    expect(layers.map((l) => l.label)).toEqual(['L0', 'L1']);
    expect(layers[1]!.increase.value).toBeCloseTo(head('zero', 'L1H0'), 10);
    expect(cleanLoss.value).toBeLessThan(1e-6);
  });
});

test('a model of one layer is ablated like any other', () => {
  const copier = handBuiltPositionalCopier(referenceEngine, { dVocab: 17, nCtx: 20, period: 9 });
  const { heads, layers } = ablationEffects(copier, { sequences: 4 });
  expect([...heads, ...layers].map((h) => h.label)).toEqual(['L0H0', 'L0']);
});
