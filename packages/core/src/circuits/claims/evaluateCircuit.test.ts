// The proof on models whose circuit is known, because it was written down: found, named, and shown to be all there is.

import { describe, expect, test } from 'vitest';
import { randomModel } from '../../../test/support/models.ts';
import { perfectCopyLoss } from '../../../test/support/paper.ts';
import { handBuiltHub } from '../../examples/handBuiltHub.ts';
import { handBuiltInduction } from '../../examples/handBuiltInduction.ts';
import { handBuiltPositionalCopier } from '../../examples/handBuiltPositionalCopier.ts';
import { modelConfig } from '../../model/config.ts';
import { allHeads } from '../../model/heads.ts';
import type { Model } from '../../model/model.ts';
import type { NamedWeights } from '../../model/parameters.ts';
import { loadEngine } from '../../node.ts';
import { ablationEffects } from '../causal/ablation.ts';
import { RepeatSet } from '../data/repeatSet.ts';
import { mean } from '../statistics/estimate.ts';
import { audit } from './audit.ts';
import { ablateHeads } from './circuit.ts';
import { evaluateCircuit } from './evaluateCircuit.ts';
import type { CircuitEvaluation } from './evaluationRecord.ts';
import { explainEvaluation } from './evaluationText.ts';
import { randomCircuits } from './randomCircuits.ts';

const engine = await loadEngine({ exact: true });
const V = 29;
const sizes = { dVocab: V, nCtx: 26 };

/** Decimal places of losses and their ratios: float32, losses up to 20 nats. */
const FLOAT32 = 5;
/** A circuit drawn at random keeps less than this share: it may have some heads and edges in common with the right one. */
const NEXT_TO_NOTHING = 0.2;

const proofOf = (model: Model): CircuitEvaluation =>
  evaluateCircuit(model, { sequences: 12, audit: audit(model, { sequences: 4 }) });
const roles = ({ heads }: CircuitEvaluation): Record<string, string> =>
  Object.fromEntries(heads.map(({ label, role }) => [label, role]));
const edgesOf = ({ edges }: CircuitEvaluation): string[] => edges.map((e) => `${e.source} → ${e.target} ${e.input}`);

/** Everything that a proof of the whole circuit shows: all is kept by it, all is lost with it, random ones keep nothing. */
function expectTheWholeCircuit({ faithfulness, random, loss, lossWithoutHeads }: CircuitEvaluation): void {
  expect(faithfulness!.kept.value).toBeCloseTo(1, FLOAT32);
  expect(faithfulness!.keptByHeads.value).toBeCloseTo(1, FLOAT32);
  expect(faithfulness!.lost.value).toBeCloseTo(1, FLOAT32);
  expect(faithfulness!.lostEdges!.value).toBeGreaterThan(0.7);
  expect(random.length).toBeGreaterThan(3);
  for (const { kept } of random) expect(kept).toBeLessThan(NEXT_TO_NOTHING);
  expect(loss.value).toBeCloseTo(perfectCopyLoss(V), FLOAT32);
  expect(lossWithoutHeads.value).toBeGreaterThan(2);
}

describe('the hand-built induction model', () => {
  const proof = proofOf(handBuiltInduction(engine, sizes));

  test('is proved to be an induction circuit of its two heads and the one K edge between them', () => {
    expect(proof).toMatchObject({ verdict: 'induction', kind: 'induction' });
    expect(roles(proof)).toEqual({ L0H0: 'previous-token head', L1H0: 'induction head' });
    expect(edgesOf(proof)).toEqual(['L0H0 → L1H0 k']);
    expectTheWholeCircuit(proof);
    expect(proof.minimal!.heads).toEqual(['L0H0', 'L1H0']);
    expect(proof.minimal!.kept.value).toBeCloseTo(1, FLOAT32);
  });

  test('reads what earlier layers built through K alone', () => {
    const of = (input: string) => proof.inputs.find((i) => i.input === input)!;
    expect(of('k')).toMatchObject({ claimed: true });
    expect(of('k').increase.value).toBeGreaterThan(2);
    for (const input of ['q', 'v']) {
      expect(of(input).claimed).toBe(false);
      expect(of(input).increase.value).toBeCloseTo(0, FLOAT32);
    }
  });

  test('has heads that cost much, beside controls that cost nothing', () => {
    for (const { ablation, control } of proof.heads) {
      expect(ablation.value).toBeGreaterThan(2);
      expect(control!.value).toBeCloseTo(0, FLOAT32);
    }
    expect(proof.heads.map(({ previousToken }) => previousToken)[0]).toBeCloseTo(1, FLOAT32);
    expect(proof.heads.map(({ inductionExcess }) => inductionExcess)[1]).toBeGreaterThan(0.8);
  });

  test('is put in words, with the shares and the number of sequences measured on', () => {
    expect(proof.measured.sequences).toBeGreaterThanOrEqual(12);
    expect(proof.sentence).toMatch(/^An induction circuit: L1H0 matches keys that L0H0 built \(K-composition\)\./);
    expect(proof.sentence).toMatch(
      /keeps 100 % \[100 %, 100 %\] of the loss drop \(\d+ random circuits of the same shape/,
    );
    expect(proof.sentence).toContain(`Measured on ${proof.measured.sequences} sequences that no choice was made on.`);
  });

  test('is measured on other sequences than its heads and edges were chosen on', () => {
    const { periods, measured, selected } = proof;
    const without = (heldOut: boolean): number => {
      const set = new RepeatSet(handBuiltInduction(engine, sizes), { ...measured, periods, heldOut });
      return mean(set.losses(ablateHeads(set, allHeads(set.model.config))));
    };
    expect(proof.lossWithoutHeads.value).toBeCloseTo(without(true), FLOAT32);
    expect(Math.abs(without(false) - without(true))).toBeGreaterThan(0.001);
    expect(selected.sequences).toBeGreaterThanOrEqual(6);
  });

  test('has no percentage of a loss drop that may be none, or of which one sequence was measured no interval', () => {
    const record = audit(handBuiltInduction(engine, sizes), { sequences: 2 });
    const none = { value: Number.NaN, interval: [Number.NaN, Number.NaN] as const, n: 12 };
    const unsure = { ...proof.faithfulness!, kept: none, lost: none, lostEdges: none };
    const minimal = { heads: ['L0H0'], kept: none };
    expect(explainEvaluation({ ...proof, faithfulness: unsure, minimal }, record)).toMatch(
      /no share of anything: the loss is/,
    );
    const single = {
      ...proof.faithfulness!,
      kept: { ...none, value: 0.9 },
      lost: { ...none, value: 0.8 },
      lostEdges: null,
    };
    const texts = [
      explainEvaluation({ ...proof, faithfulness: unsure, minimal }, record),
      explainEvaluation({ ...proof, faithfulness: single }, record),
      ...(['positional shortcut', 'mixed'] as const).map((verdict) =>
        explainEvaluation(
          { ...proof, kind: null, verdict, minimal },
          { ...record, evidence: { ...record.evidence, otherPeriodLoss: Number.NaN } },
        ),
      ),
    ];
    expect(texts[1]).toContain('keeps 90 % of the loss drop');
    for (const text of texts) expect(text).not.toMatch(/NaN|Infinity/);
  });

  test('has its output from the induction head alone', () => {
    expect(proof.logits.layerShares![1]).toBeCloseTo(1, FLOAT32);
  });
});

describe('the hand-built pair hub', () => {
  test('is another circuit than induction to the audit, and costs what guessing costs without layer 0 in its values', () => {
    const dVocab = 64;
    const record = audit(handBuiltHub(engine, { dVocab, nCtx: 50 }), { sequences: 8 });
    expect(record.verdict).toBe('other circuit');
    expect(record.followers).toEqual([]);
    const values = record.evidence.paths.find(({ path }) => path === 'v')!.increase.value;
    expect(values).toBeGreaterThanOrEqual(3);
    expect(values).toBeCloseTo(Math.log(dVocab) - perfectCopyLoss(dVocab), FLOAT32);
  });

  test('is proved to be a hub: two writers, one into the keys and one into the values of one reader', () => {
    const proof = proofOf(handBuiltHub(engine, sizes));
    expect(proof).toMatchObject({ verdict: 'other circuit', kind: 'pair hub' });
    expect(roles(proof)).toEqual({ L0H0: 'hub writer', L0H1: 'hub writer', L1H0: 'hub reader' });
    expect(edgesOf(proof)).toEqual(['L0H0 → L1H0 k', 'L0H1 → L1H0 v']);
    expect(proof.inputs.map(({ input, claimed }) => [input, claimed])).toEqual([
      ['q', false],
      ['k', true],
      ['v', true],
    ]);
    expectTheWholeCircuit(proof);
    expect(proof.minimal!.heads).toEqual(['L0H0', 'L0H1', 'L1H0']);
    expect(proof.sentence).toMatch(
      /^A pair hub, not an induction circuit: L1H0 reads values that L0H0 and L0H1 gathered \(V-composition\)\./,
    );
  });
});

describe('where there is no circuit to prove', () => {
  test('a positional copier is named as one, with the head that suffices and no circuit', () => {
    const proof = proofOf(handBuiltPositionalCopier(engine, { ...sizes, period: 9 }));
    expect(proof).toMatchObject({
      verdict: 'positional shortcut',
      kind: null,
      faithfulness: null,
      heads: [],
      edges: [],
      inputs: [],
      random: [],
      minimal: { heads: ['L0H0'] },
      periods: [9],
    });
    expect(proof.minimal!.kept.value).toBeCloseTo(1, FLOAT32);
    expect(proof.sentence).toMatch(
      /^There is no induction circuit: L0H0 looks a fixed distance back, whatever the tokens\. 100 % .* kept by L0H0 alone\./,
    );
  });

  test('a model that has learned nothing says so', () => {
    const blank = randomModel(engine, { nLayers: 2, nHeads: 3, dModel: 11, dHead: 5, nCtx: 17, dVocab: 13 });
    const proof = proofOf(blank);
    expect(proof).toMatchObject({ verdict: 'not learned', kind: null, minimal: null, faithfulness: null });
    expect(proof.sentence).toBe('There is no circuit to prove: no period is solved.');
  });
});

describe('redundant heads', () => {
  test('two induction heads that share the output: each alone is harmless, the circuit has both, one suffices', () => {
    const model = twin(handBuiltInduction(engine, sizes), 1);
    const { heads, layers } = ablationEffects(model, { sequences: 6 });
    // With one of them gone the right logit is 10 instead of 20.
    const half = Math.log1p((V - 1) * Math.exp(-10)) - perfectCopyLoss(V);
    for (const label of ['L1H0', 'L1H1'])
      expect(heads.find((h) => h.label === label)!.increase.value).toBeCloseTo(half, FLOAT32);
    expect(half).toBeLessThan(0.01);
    expect(layers[1]!.increase.value).toBeCloseTo(Math.log(V) - perfectCopyLoss(V), FLOAT32);

    const proof = proofOf(model);
    expect(roles(proof)).toEqual({ L0H0: 'previous-token head', L1H0: 'induction head', L1H1: 'induction head' });
    expect(edgesOf(proof)).toEqual(['L0H0 → L1H0 k', 'L0H0 → L1H1 k']);
    expectTheWholeCircuit(proof);
    expect(proof.minimal!.heads).toHaveLength(2);
    expect(proof.minimal!.heads[0]).toBe('L0H0');
    expect(proof.minimal!.kept.value).toBeGreaterThan(0.95);
    expect(proof.sentence).toContain('L1H0 and L1H1 match keys that L0H0 built');
  });

  test('two previous-token heads that share the keys: each alone costs nothing, and one of them makes a whole circuit', () => {
    const model = twin(handBuiltInduction(engine, sizes), 0);
    const { heads, layers } = ablationEffects(model, { sequences: 6 });
    // With one of them gone the match scores 50 instead of 100: attention is still within e^−50 of all.
    for (const label of ['L0H0', 'L0H1'])
      expect(heads.find((h) => h.label === label)!.increase.value).toBeCloseTo(0, FLOAT32);
    expect(layers[0]!.increase.value).toBeGreaterThan(2);

    const proof = proofOf(model);
    expect(proof.kind).toBe('induction');
    expect(proof.heads).toHaveLength(2);
    expect(proof.edges).toHaveLength(1);
    expect(proof.faithfulness!.kept.value).toBeCloseTo(1, FLOAT32);
    expect(proof.minimal!.heads).toHaveLength(2);
  });
});

test('the head that builds the keys is named by what it does: one that only looks like it is said to be dispensable', () => {
  const model = handBuiltInduction(engine, sizes);
  const weights = model.getWeights();
  const { shape, data } = weights['blocks.0.attn.W_Q']!;
  const size = data.length / 2;
  // L0H1 now looks at the previous token as sharply as L0H0 did, and writes nothing; L0H0 does so loosely, and writes.
  const sharp = Array.from(data).slice(0, size);
  model.setWeights({
    'blocks.0.attn.W_Q': { shape, data: [...sharp.map((x) => x / 20), ...sharp] },
    'blocks.0.attn.W_K': copyOfFirst(weights['blocks.0.attn.W_K']!),
  });
  const proof = proofOf(model);
  expect(roles(proof)).toEqual({ L0H0: 'previous-token head', L1H0: 'induction head' });
  expect(proof.heads[0]!.previousToken).toBeLessThan(0.95);
  expect(proof.sentence).toContain(
    'The highest previous-token score, 1.00, is that of L0H1, which the circuit can do without: scores look, effects tell.',
  );
});

describe('random circuits', () => {
  const config = modelConfig({ nLayers: 3, nHeads: 4, dModel: 8, dHead: 2, nCtx: 20, dVocab: 7 });
  const circuit = {
    heads: [
      { layer: 0, head: 1 },
      { layer: 0, head: 2 },
      { layer: 2, head: 3 },
    ],
    edges: [
      { source: { layer: 0, head: 1 }, target: { layer: 2, head: 3 }, input: 'k' },
      { source: { layer: 0, head: 2 }, target: { layer: 2, head: 3 }, input: 'k' },
    ],
  } as const;

  test('have the shape of the one they stand against, are all different and never that one', () => {
    const drawn = randomCircuits(config, circuit, 3);
    expect(drawn).toHaveLength(10);
    const sorted = drawn.map((c) =>
      JSON.stringify([[...c.heads].map((h) => `${h.layer} ${h.head}`).sort(), c.edges[0]!.input]),
    );
    expect(new Set(sorted).size).toBe(10);
    for (const { heads, edges } of drawn) {
      expect(heads.map(({ layer }) => layer)).toEqual([0, 0, 2]);
      expect(heads[0]!.head).not.toBe(heads[1]!.head);
      expect(edges).toHaveLength(2);
      edges.forEach(({ source, target }, i) => {
        expect(source).toEqual(heads[i]);
        expect(target).toEqual(heads[2]);
      });
      expect(edges[0]!.input).toBe(edges[1]!.input);
      expect({ heads, edges }).not.toEqual(circuit);
    }
    expect(randomCircuits(config, circuit, 3)).toEqual(drawn);
    expect(randomCircuits(config, circuit, 4)).not.toEqual(drawn);
  });

  test('are as many as there are: with one head a layer only the input can differ', () => {
    const single = modelConfig({ nLayers: 2, nHeads: 1, dModel: 8, dHead: 2, nCtx: 20, dVocab: 7 });
    const [source, target] = [
      { layer: 0, head: 0 },
      { layer: 1, head: 0 },
    ];
    const drawn = randomCircuits(single, { heads: [source, target], edges: [{ source, target, input: 'k' }] }, 0);
    expect(drawn.map(({ edges }) => edges[0]!.input).sort()).toEqual(['q', 'v']);
  });
});

/** A weight whose second head is the first one again. */
function copyOfFirst({ shape, data }: NamedWeights[string], factor = 1): NamedWeights[string] {
  const first = Array.from(data)
    .slice(0, data.length / 2)
    .map((x) => factor * x);
  return { shape, data: [...first, ...first] };
}

/** The model with the first head of a layer of two divided into two equal ones. */
function twin(model: Model, layer: number): Model {
  const weights = model.getWeights();
  const named = (name: string, factor = 1): NamedWeights => ({
    [`blocks.${layer}.attn.${name}`]: copyOfFirst(weights[`blocks.${layer}.attn.${name}`]!, factor),
  });
  model.setWeights({ ...named('W_Q'), ...named('W_K'), ...named('W_V'), ...named('W_O', 1 / 2) });
  return model;
}
