// A circuit chosen and evaluated on given prompts, by any measure, and under its old name.
import { describe, expect, test } from 'vitest';
import { randomModel } from '../../../test/support/models.ts';
import { handBuiltHub } from '../../examples/handBuiltHub.ts';
import { handBuiltInduction } from '../../examples/handBuiltInduction.ts';
import type { Measure } from '../../model/measures/measure.ts';
import { loadEngine } from '../../node.ts';
import { PromptSet } from '../data/promptSet.ts';
import { repeatPrompts } from '../data/repeatPrompts.ts';
import { RepeatSet } from '../data/repeatSet.ts';
import { evaluateCircuit } from './evaluateCircuit.ts';
import { circuitFaithfulness } from './faithfulness.ts';
import { prove } from './prove.ts';

const engine = await loadEngine({ exact: true });
const hub = handBuiltHub(engine, { dVocab: 23, nCtx: 18 });
const promptsOf = (seed: number, count = 3) => repeatPrompts({ config: hub.config, count, seed }, [6, 9]);

describe('on given prompts', () => {
  const found = evaluateCircuit(hub, { prompts: promptsOf(1), measure: 'logit-diff', seed: 4 });

  test('the hub has its two writers as sources and its reader, and all of the difference', () => {
    expect(found.heads.map(({ label, role }) => `${label} ${role}`)).toEqual([
      'L0H0 source',
      'L0H1 source',
      'L1H0 reader',
    ]);
    expect(found.edges.map((e) => `${e.source} → ${e.target} ${e.input}`)).toEqual(['L0H0 → L1H0 k', 'L0H1 → L1H0 v']);
    const { kept, keptByHeads, lost } = found.faithfulness!;
    for (const share of [kept, keptByHeads, lost]) expect(share.value).toBeCloseTo(1, 4);
    expect(found).toMatchObject({ verdict: null, kind: 'other', periods: [], measure: { name: 'logit-diff' } });
    expect(found.random.length).toBeGreaterThan(3);
    for (const { kept } of found.random) expect(kept).toBeLessThan(0.5);
  });

  test('is put in words with the measure and its unit', () => {
    expect(found.sentence).toMatch(
      /^A circuit: L0H0 and L0H1 into L1H0\. Ablating the edges from earlier layers into their input changes the logit-diff: K -\d+\.\d\d logits, V -\d+\.\d\d logits\. With everything else mean-ablated it keeps 100 % \[\d+ %, \d+ %\] of the drop in logit-diff \(\d+ random circuits/,
    );
    expect(found.sentence).toContain('Measured on 3 sequences that no choice was made on.');
  });

  test('another seed divides them otherwise; a second set is evaluated on as it is', () => {
    const measured = (seed: number) => evaluateCircuit(hub, { prompts: promptsOf(1), measure: 'logit-diff', seed });
    expect(measured(4)).toEqual(found);
    expect(measured(5).lossWithoutHeads.value).not.toBe(found.lossWithoutHeads.value);
    const others = promptsOf(2);
    const apart = evaluateCircuit(hub, { prompts: promptsOf(1), evaluateOn: others, measure: 'probability' });
    expect([apart.selected.sequences, apart.measured.sequences]).toEqual([6, 6]);
    expect(apart.loss.value).toBe(
      evaluateCircuit(hub, { prompts: others, evaluateOn: others, measure: 'probability' }).loss.value,
    );
    expect(() => evaluateCircuit(hub, { prompts: promptsOf(1), evaluateOn: [{ tokens: [99, 1] }] })).toThrow(
      'evaluateCircuit, evaluateOn: sequence 0 has token 99 at position 0',
    );
  });

  test('a measure that does not say which way is better gives the same circuit as the one that does', () => {
    const own: Measure = {
      ...{ name: 'right logit', unit: 'logits', needs: ['answers'] },
      value: ({ logits, dVocab, queries, answers }) =>
        -queries.reduce((sum, q, i) => sum + logits[q * dVocab + answers[i]!]!, 0) / queries.length,
    };
    const { edges, faithfulness } = evaluateCircuit(hub, { prompts: promptsOf(1), measure: own, seed: 4 });
    expect(edges).toEqual(found.edges);
    expect(faithfulness!.kept.value).toBeCloseTo(1, 4);
  });

  test('where heads make no sure difference there is no circuit, and the sentence says so', () => {
    const blank = randomModel(engine, { nLayers: 2, nHeads: 2, dModel: 8, dHead: 4, nCtx: 9, dVocab: 7 });
    const prompts = [
      [1, 2, 3],
      [4, 5, 6],
      [6, 1, 0],
      [2, 3, 5],
    ].map((tokens) => ({ tokens, wrong: [0, 4] }));
    const weights = blank.getWeights();
    for (const name of ['blocks.0.attn.W_O', 'blocks.1.attn.W_O'])
      blank.setWeights({ [name]: { shape: weights[name]!.shape, data: Array.from(weights[name]!.data, () => 0) } });
    const none = evaluateCircuit(blank, { prompts, measure: 'logit-diff' });
    expect(none).toMatchObject({ kind: null, faithfulness: null, minimal: null, heads: [], random: [] });
    expect(none.sentence).toMatch(/^There is no circuit to evaluate: the logit-diff is -?\d\.\d\d logits, and/);
  });
});

describe('on repeats', () => {
  const model = handBuiltInduction(engine, { dVocab: 13, nCtx: 16 });

  test('prove is the old name: the same record, and errors under the name that was called', () => {
    const options = { sequences: 8, seed: 3 };
    expect(prove(model, options)).toEqual(evaluateCircuit(model, options));
    expect(() => prove(model, { sequences: 0 })).toThrow(/^prove: options\.sequences/);
    expect(() => evaluateCircuit(model, { sequences: 0 })).toThrow(/^evaluateCircuit: options\.sequences/);
  });

  test('another measure is put in words, and does not change the circuit', () => {
    const found = evaluateCircuit(model, { sequences: 8, measure: 'logit-diff' });
    expect(found).toMatchObject({ verdict: 'induction', kind: 'induction', measure: { unit: 'logits' } });
    expect(found.loss.value).toBeCloseTo(20, 4);
    expect(found.faithfulness!.kept.value).toBeCloseTo(1, 4);
    expect(found.sentence).toMatch(/changes the logit-diff: K -\d+\.\d\d logits\..*of the drop in logit-diff/);
  });

  test('any circuit can be asked how faithful and how complete it is', () => {
    const [source, target] = [0, 1].map((layer) => ({ layer, head: 0 })) as [
      { layer: 0; head: 0 },
      { layer: 1; head: 0 },
    ];
    const set = new RepeatSet(model, { sequences: 6, seed: 1, periods: [5, 8] });
    const whole = circuitFaithfulness(set, { heads: [source, target], edges: [{ source, target, input: 'k' }] });
    for (const share of [whole.kept, whole.keptByHeads, whole.lost]) expect(share.value).toBeCloseTo(1, 4);
    const half = circuitFaithfulness(set, { heads: [target], edges: [] });
    expect(half.kept.value).toBeLessThan(0.3);
    expect(half.lostEdges).toBeNull();
    expect(() => circuitFaithfulness(model as never, { heads: [], edges: [] })).toThrow(/the set must be a PromptSet/);
    const alone = new PromptSet(model, { prompts: [{ tokens: [1, 2, 3, 1], queries: [3], answers: [2] }] });
    expect(circuitFaithfulness(alone, { heads: [source, target], edges: [] }).kept.interval[0]).toBeNaN();
  });
});
