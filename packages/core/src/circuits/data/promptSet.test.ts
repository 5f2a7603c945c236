// A set of prompts measures each as the model alone would, whatever lengths run together; its mean is that over all of them.
import { expect, test } from 'vitest';
import { randomModel } from '../../../test/support/models.ts';
import { referenceEngine } from '../../engine/engine.ts';
import type { MeanAblate } from '../../model/interventions/places.ts';
import type { Measure } from '../../model/measures/measure.ts';
import { loadEngine } from '../../node.ts';
import { ablationEffects } from '../causal/ablation.ts';
import { ablateEdges } from '../causal/edges.ts';
import { pathTable } from '../causal/pathTable.ts';
import { mean } from '../statistics/estimate.ts';
import { PromptSet } from './promptSet.ts';
import { RepeatSet } from './repeatSet.ts';

const SIZES = { nLayers: 2, nHeads: 3, dModel: 7, dHead: 5, nCtx: 13, dVocab: 11 };
const model = randomModel(referenceEngine, { ...SIZES, normalization: 'LN' });
const prompts = [
  { tokens: [1, 2, 3, 4, 5], queries: [3, 1], answers: [9, 0], wrong: [2, 7] },
  { tokens: [4, 2, 0], wrong: [1, 1] },
  { tokens: [7, 7, 1, 0, 2], queries: [4], answers: [3], wrong: [10] },
  { tokens: [5, 6, 0], queries: [1], wrong: [4] },
];
const interventions = [{ kind: 'zeroAblate', hook: 'blocks.0.attn.hook_z', head: 2 }] as const;

test.for(['loss', 'logit-diff', 'probability'] as const)('%s of each prompt is that of a run of its own', (measure) => {
  const set = new PromptSet(model, { prompts, measure });
  prompts.forEach(({ tokens, queries, answers, wrong }, s) => {
    const asked = {
      measure,
      ...(queries ? { queries: [queries] } : {}),
      ...(answers ? { answers: [answers] } : {}),
      wrong: [wrong],
    };
    expect(set.clean[s]).toBeCloseTo(model.measure([tokens], asked)[0]!, 12);
    expect(set.measured(interventions)[s]).toBeCloseTo(model.measure([tokens], { ...asked, interventions })[0]!, 12);
  });
  expect(set.worse).toBe(measure === 'loss' ? 1 : -1);
});

test('patterns are shown with the number of their prompt in the set', () => {
  const set = new PromptSet(model, { prompts });
  const seen = new Set<string>();
  set.measured([], {
    layer: 1,
    visit: ({ sequence, head, attention }) => {
      seen.add(`${sequence} ${head}`);
      const { tokens } = prompts[sequence]!;
      const { data } = model.runWithCache([tokens]).cache.get('blocks.1.attn.hook_pattern');
      const last = tokens.length - 1;
      expect(attention(last, 1)).toBeCloseTo(data[((head - 3) * tokens.length + last) * tokens.length + 1]!, 12);
    },
  });
  expect(seen.size).toBe(4 * 3);
});

test('the mean is over all prompts, each weighted the same, and ablation by mean uses it', () => {
  const set = new PromptSet(model, { prompts });
  const means = prompts.map(({ tokens }) => {
    const { data } = model.runWithCache([tokens]).cache.get('blocks.1.attn.hook_z');
    return Array.from({ length: 5 }, (_, i) => mean(tokens.map((_, p) => data[(p * 3 + 1) * 5 + i]!)));
  });
  const intervention = set.meanAblate({ layer: 1, head: 1 }) as MeanAblate;
  intervention.mean!.forEach((x, i) => void expect(x).toBeCloseTo(mean(means.map((m) => m[i]!)), 12));
  const { heads } = ablationEffects(model, { set, kind: 'mean' });
  expect(heads.find(({ label }) => label === 'L1H1')!.increase.value).toBeCloseTo(
    mean(set.measured([intervention])) - mean(set.clean),
    12,
  );
});

test('the mean of what a head writes is that of its results, and what an ablated edge leaves', () => {
  const set = new PromptSet(model, { prompts });
  const [source, target] = [
    { layer: 0, head: 2 },
    { layer: 1, head: 0 },
  ];
  const hook = 'blocks.0.attn.hook_result';
  const means = prompts.map(({ tokens }) => {
    const { data } = model.runWithCache([tokens], { names: hook }).cache.get(hook);
    return Array.from({ length: 7 }, (_, i) => mean(tokens.map((_, p) => data[(p * 3 + 2) * 7 + i]!)));
  });
  set.meanResult(source).forEach((x, i) => void expect(x).toBeCloseTo(mean(means.map((m) => m[i]!)), 12));
  const [ablation] = ablateEdges([{ source, target, input: 'v' }], { set });
  expect(ablation).toMatchObject({ by: 'mean', mean: set.meanResult(source) });
  // Whatever runs with it, a prompt is measured as it is alone.
  const measured = set.measured([ablation!]);
  prompts.forEach(({ tokens, queries, answers }, s) => {
    const asked = { ...(queries ? { queries: [queries] } : {}), ...(answers ? { answers: [answers] } : {}) };
    const alone = model.measure([tokens], { measure: 'loss', ...asked, interventions: [ablation!] })[0];
    expect(measured[s]).toBeCloseTo(alone!, 12);
  });
  const cell = pathTable(model, { set, by: 'mean' }).cells.find(
    (c) => c.source === 'L0H2' && c.target === 'L1H0' && c.input === 'v',
  );
  expect(cell!.increase.value).toBeCloseTo(mean(measured) - mean(set.clean), 12);
  expect(() => set.meanResult({ layer: 2, head: 0 })).toThrow(/^PromptSet\.meanResult: there is no head L2H0/);
});

test('ablation by mean does not depend on how many sequences run together', async () => {
  const sizes = { sequences: 140, seed: 1, periods: [4] };
  const [one, two] = [await loadEngine({ exact: true }), await loadEngine({ exact: true, threads: 2, shared: true })];
  const effects = [one, two].map((engine) => {
    const own = randomModel(engine, SIZES);
    const set = new RepeatSet(own, sizes);
    return [ablationEffects(own, { set, kind: 'mean' }).heads, pathTable(own, { set, by: 'mean' }).joint];
  });
  expect(effects[1]).toEqual(effects[0]);
});

test('a measure that does not say which way is better is tried: what ablating every head does to it is worse', () => {
  const logit = (sign: number): Measure => ({
    ...{ name: 'logit', unit: 'logits' },
    value: ({ logits, dVocab, queries: [q] }) => sign * logits[q! * dVocab]!,
  });
  const [up, down] = [1, -1].map((sign) => new PromptSet(model, { prompts, measure: logit(sign) }).worse);
  expect(up).toBe(-down!);
});
