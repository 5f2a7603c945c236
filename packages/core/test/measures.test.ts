// From outside: a measure of one's own with its gradient, in a run with an intervention; and a logit difference whose
// number and gradient are known on paper.
import { expect, test } from 'vitest';
import {
  handBuiltInduction,
  headOutput,
  type Intervention,
  type Measure,
  type MeasuredSequence,
  referenceEngine,
} from '../src/node.ts';
import { randomModel, randomTokens } from './support/models.ts';

/** ln p of every token at a query. */
function logProbabilities({ logits, dVocab }: MeasuredSequence, query: number): number[] {
  const row = Array.from(logits.subarray(query * dVocab, (query + 1) * dVocab));
  const logSum = Math.log(row.reduce((sum, x) => sum + Math.exp(x), 0));
  return row.map((x) => x - logSum);
}

const entropyAt = (s: MeasuredSequence, query: number): number =>
  -logProbabilities(s, query).reduce((sum, logP) => sum + Math.exp(logP) * logP, 0);

/** How unsure the model is of what comes next: a user's measure, which needs no right answers. */
const entropy: Measure = {
  ...{ name: 'entropy', unit: 'nats' },
  value: (s) => s.queries.reduce((sum, query) => sum + entropyAt(s, query), 0),
  gradient: (s) => {
    const gradient = new Float64Array(s.logits.length);
    for (const query of s.queries) {
      const own = entropyAt(s, query);
      logProbabilities(s, query).forEach((logP, token) => {
        gradient[query * s.dVocab + token] = -Math.exp(logP) * (logP + own);
      });
    }
    return gradient;
  },
};

test('the entropy at chosen queries, with another run’s head patched in, has the gradients of finite differences', () => {
  const options = { nLayers: 2, nHeads: 3, dModel: 11, dHead: 5, nCtx: 17, dVocab: 13 };
  const model = randomModel(referenceEngine, options);
  const [tokens, corrupted] = [1, 2].map((seed) => randomTokens({ sequences: 2, length: 7 }, 13, seed)) as [
    number[][],
    number[][],
  ];
  const interventions: Intervention[] = [{ kind: 'patch', ...headOutput({ layer: 0, head: 1 }), positions: [2, 3] }];
  const clean = model.runWithCache(corrupted).cache;
  const queries = [[6, 3], [4]]; // the last position has no next token, and needs none
  const asked = { measure: entropy, queries, interventions, clean };
  const run = model.runWithGradients(tokens, { ...asked, names: 'blocks.0.attn.hook_z' });
  expect(run.measured).toEqual(model.measure(tokens, asked));
  expect(model.measure(tokens, { ...asked, interventions: [] })).not.toEqual(run.measured);

  const weights = model.getWeights();
  for (const [name, { shape, data }] of Object.entries(weights)) {
    const gradient = run.gradients[name]!.data;
    const largest = Math.max(...Array.from(gradient, Math.abs));
    const at = Array.from(gradient).findIndex((x) => Math.abs(x) === largest);
    const mean = (step: number): number => {
      model.setWeights({ [name]: { shape, data: Float64Array.from(data, (x, i) => x + (i === at ? step : 0)) } });
      const [a, b] = model.measure(tokens, asked) as unknown as [number, number];
      return (a + b) / 2;
    };
    const slope = (mean(1e-5) - mean(-1e-5)) / 2e-5;
    model.setWeights(weights);
    expect(Math.abs(gradient[at]! - slope), `${name}: ${gradient[at]} for ${slope}`).toBeLessThan(
      1e-5 * Math.abs(slope) + 1e-9,
    );
  }

  // What was overwritten has a gradient, and what computed it none: head 1 at positions 2 and 3 reads nothing.
  const { data, shape } = run.activationGradients.get('blocks.0.attn.hook_z');
  expect(shape).toEqual([2, 7, 3, 5]);
  expect(data.subarray((2 * 3 + 1) * 5, (2 * 3 + 2) * 5).some((x: number) => x !== 0)).toBe(true);
});

test('the logit difference of the hand-built induction model is what its weights say', () => {
  const model = handBuiltInduction(referenceEngine, { dVocab: 11, nCtx: 9 });
  // The last token stood at position 0 … 2 before: 5 follows the 3, and 7 follows the 2.
  const tokens = [
    [1, 3, 5, 8, 3],
    [4, 2, 7, 6, 2],
  ];
  const asked = { measure: 'logit-diff', queries: [[4], [4]], answers: [[5], [7]], wrong: [[8], [6]] } as const;
  // W_U is 20 times the identity on what the induction head copies: 20 for the answer, 0 for any other token.
  for (const difference of model.measure(tokens, asked)) expect(difference).toBeCloseTo(20, 6);
  const hook = 'blocks.1.attn.hook_result';
  const run = model.runWithGradients(tokens, { ...asked, names: hook });
  expect(run.measured!.every((difference) => Math.abs(difference - 20) < 1e-6)).toBe(true);
  // d(mean difference) / d(head's output) at the query: W_U's column of the answer less that of the wrong token, over two.
  const { data, shape } = run.activationGradients.get(hook);
  const dModel = shape[3]!;
  const W_U = model.getWeights()['unembed.W_U']!.data;
  for (const [s, [answer, wrong]] of [[5, 8] as const, [7, 6] as const].entries())
    for (let i = 0; i < dModel; i++) {
      const want = (W_U[i * 11 + answer]! - W_U[i * 11 + wrong]!) / 2;
      expect(data[((s * 5 + 4) * 2 + 0) * dModel + i]).toBe(want);
      expect(data[((s * 5 + 3) * 2 + 0) * dModel + i]).toBe(0);
    }
  const without = (layer: number): Float64Array =>
    model.measure(tokens, { ...asked, interventions: [{ kind: 'zeroAblate', ...headOutput({ layer, head: 0 }) }] });
  expect([...without(1)]).toEqual([0, 0]);
  // Without previous tokens the induction head looks nowhere in particular, and copies answer and wrong token alike.
  for (const difference of without(0)) expect(difference).toBeCloseTo(0, 6);
  const unsure = model.measure(tokens, {
    ...asked,
    measure: 'probability',
    interventions: [{ kind: 'zeroAblate', ...headOutput({ layer: 1, head: 0 }) }],
  });
  for (const p of unsure) expect(p).toBeCloseTo(1 / 11, 12);
});
