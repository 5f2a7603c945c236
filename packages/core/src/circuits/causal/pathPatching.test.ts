// Path patching: exact against another run in float64, and on the hand-built induction model what its circuit says on paper.
import { describe, expect, test } from 'vitest';
import { randomModel, randomTokens } from '../../../test/support/models.ts';
import { evenCopyLoss, perfectCopyLoss } from '../../../test/support/paper.ts';
import { referenceEngine } from '../../engine/engine.ts';
import { handBuiltInduction } from '../../examples/handBuiltInduction.ts';
import { handBuiltPositionalCopier } from '../../examples/handBuiltPositionalCopier.ts';
import { allHeads } from '../../model/heads.ts';
import { headOutput, type Intervention } from '../../model/interventions/interventions.ts';
import { loadEngine } from '../../node.ts';
import { corruptedPair, type PromptPair } from '../data/corruption.ts';
import { mean } from '../statistics/estimate.ts';
import { activationPatching } from './activationPatching.ts';
import { ablateEdges, allEdges, edgesInto, patchEdges } from './edges.ts';
import { type PatchedEdge, pathPatching } from './pathPatching.ts';

/** float64, relative to activations of about 1. */
const EXACT = 1e-12;
/** Decimal places: float64, and attention within e^−100 of all or nothing. */
const ON_PAPER = 9;

const largestDifference = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a).reduce((top, x, i) => Math.max(top, Math.abs(x - b[i]!)), 0);

describe.for([null, 'LN'] as const)('edges from another run of a random model, normalization %s', (normalization) => {
  const sizes = { nLayers: 3, nHeads: 3, dModel: 11, dHead: 5, nCtx: 13, dVocab: 17 };
  const model = randomModel(referenceEngine, { ...sizes, normalization, biases: true });
  const { config } = model;
  const tokens = randomTokens({ sequences: 4, length: 7 }, sizes.dVocab);
  const others = randomTokens({ sequences: 4, length: 7 }, sizes.dVocab, 2);
  const names = ['blocks.*.attn.hook_result', 'blocks.*.attn.hook_z', 'blocks.*.attn.hook_pattern'];
  // Another run that embeds the same tokens: all that its heads read from each other differs, and nothing else.
  const first = allHeads(config).filter(({ layer }) => layer === 0);
  const change = first.map((head): Intervention => ({ kind: 'resampleAblate', ...headOutput(head), shift: 1 }));
  const other = model.runWithInterventions(tokens, change, { names });

  test('all edges into all inputs make every later head do what it does in that run', () => {
    const plain = model.runWithCache(tokens, { names });
    const patched = model.runWithInterventions(tokens, patchEdges(allEdges(config)), { names, clean: other.cache });
    for (const layer of [1, 2])
      for (const hook of ['hook_pattern', 'hook_z', 'hook_result']) {
        const name = `blocks.${layer}.attn.${hook}`;
        expect(largestDifference(patched.cache.get(name).data, other.cache.get(name).data), name).toBeLessThan(EXACT);
        expect(largestDifference(plain.cache.get(name).data, other.cache.get(name).data), name).toBeGreaterThan(0.01);
      }
    // The first layer has no edges into it, and its direct path to the logits stays. With its outputs too it is that run.
    expect(largestDifference(patched.logits, other.logits)).toBeGreaterThan(0.01);
    const outputs = first.map((head): Intervention => ({ kind: 'patch', ...headOutput(head) }));
    const all = [...outputs, ...patchEdges(allEdges(config))];
    const run = model.runWithInterventions(tokens, all, { clean: other.cache });
    expect(largestDifference(run.logits, other.logits)).toBeLessThan(EXACT);
  });

  test('one edge changes what its target reads in that input by the difference of the two runs, and no other input', () => {
    const edge = { source: { layer: 0, head: 2 }, target: { layer: 2, head: 1 }, input: 'v' } as const;
    const inputs = ['blocks.*.hook_?_input', 'blocks.*.attn.hook_result'];
    const [plain, clean] = [tokens, others].map((t) => model.runWithCache(t, { names: inputs }));
    const patched = model.runWithInterventions(tokens, patchEdges([edge]), { names: inputs, clean: others });
    for (const name of plain!.cache.names.filter((n) => n.endsWith('_input'))) {
      const [is, was] = [patched.cache.get(name), plain!.cache.get(name).data];
      const result = 'blocks.0.attn.hook_result';
      const [from, to] = [plain!.cache.get(result), clean!.cache.get(result)];
      const [, , heads, size] = is.shape as [number, number, number, number];
      is.data.forEach((x: number, at: number) => {
        const [row, head, i] = [Math.floor(at / (heads * size)), Math.floor(at / size) % heads, at % size];
        const here = name === 'blocks.2.hook_v_input' && head === edge.target.head;
        const source = (row * heads + edge.source.head) * size + i;
        const want = was[at]! + (here ? to.data[source]! - from.data[source]! : 0);
        expect(Math.abs(x - want), name).toBeLessThan(EXACT);
      });
    }
  });

  test('edges from the run itself change nothing, and the order of sources does not matter', () => {
    const plain = model.run(tokens).logits;
    const same = model.runWithInterventions(tokens, patchEdges(allEdges(config))).logits;
    expect(largestDifference(same, plain)).toBeLessThan(EXACT);
    const edges = edgesInto([{ layer: 2, head: 0 }], { input: 'k', sources: allHeads(config) });
    const [a, b] = [edges, [...edges].reverse()].map(
      (list) => model.runWithInterventions(tokens, patchEdges(list), { clean: others }).logits,
    );
    expect(largestDifference(a!, b!)).toBeLessThan(EXACT);
    const all: Intervention = {
      kind: 'removeFromInput',
      layer: 2,
      head: 0,
      input: 'k',
      sources: 'allEarlier',
      by: 'clean',
    };
    expect(model.runWithInterventions(tokens, [all], { clean: others }).logits).toEqual(a);
  });

  test('a batch in slices, and each sequence alone, give what the batch gives', () => {
    const interventions = patchEdges(allEdges(config));
    const whole = model.runWithInterventions(tokens, interventions, { clean: others }).logits;
    const size = whole.length / tokens.length;
    tokens.forEach((sequence, s) => {
      const alone = model.runWithInterventions([sequence], interventions, { clean: [others[s]!] }).logits;
      expect(largestDifference(alone, whole.subarray(s * size, (s + 1) * size))).toBe(0);
    });
  });

  test('a clean run of another shape, or that kept no outputs, is refused with what to do', () => {
    const run = (clean: Parameters<typeof model.runWithInterventions>[2]) => () =>
      model.runWithInterventions(tokens, patchEdges(allEdges(config)), clean);
    expect(run({ clean: others.slice(1) })).toThrow(
      'removeFromInput: "blocks.0.attn.hook_result" has shape [4,7,3,11], the clean run has [3,7,3,11]; use as many prompts of equal length.',
    );
    expect(run({ clean: model.runWithCache(others, { names: 'hook_embed' }).cache })).toThrow(
      'ActivationCache: "blocks.0.attn.hook_result" was not kept; this cache has hook_embed.',
    );
  });
});

describe('the hand-built induction model', () => {
  const V = 11;
  const [P, QUERY] = [7, 10];
  const model = handBuiltInduction(referenceEngine, { dVocab: V, nCtx: 14 });
  const pair = corruptedPair({ config: model.config, count: 3, seed: 3 }, P, 'change-match');
  const record = pathPatching(model, pair);
  const isKeys = ({ source, target, input }: PatchedEdge): boolean => `${source} ${target} ${input}` === 'L0H0 L1H0 k';
  // Where its match is gone the induction head attends evenly to positions 1 … q.
  const corrupted = mean(
    pair.corrupted.map((tokens) => evenCopyLoss(Array.from(tokens).slice(1, QUERY + 1), tokens[QUERY + 1]!, V)),
  );

  test('gets everything back by the edge from the previous-token head into its keys, and nothing by any other', () => {
    expect(record.cleanLoss.value).toBeCloseTo(perfectCopyLoss(V), ON_PAPER);
    expect(record.corruptedLoss.value).toBeCloseTo(corrupted, ON_PAPER);
    expect(record.edges).toHaveLength(2 * 2 * 3);
    for (const edge of record.edges) expect(edge.effect.value).toBeCloseTo(isKeys(edge) ? 1 : 0, ON_PAPER);
    expect(record.edges.find(isKeys)!.control).toBeCloseTo(0, ON_PAPER);
    for (const { target, input, effect } of record.joint)
      expect(effect.value).toBeCloseTo(`${target} ${input}` === 'L1H0 k' ? 1 : 0, ON_PAPER);
    expect(record.doesNotApply).toBeNull();
  });

  test('the same edge from the corrupted run does all that the corruption does to its attention', () => {
    const noised: PromptPair = { clean: pair.corrupted, corrupted: pair.clean, queries: pair.queries };
    const edges = edgesInto([{ layer: 1, head: 0 }], { input: 'k', sources: [{ layer: 0, head: 0 }] });
    const names = 'blocks.1.attn.hook_pattern';
    const run = model.runWithInterventions(pair.clean, patchEdges(edges), { clean: pair.corrupted, names });
    const { cache } = model.runWithCache(pair.corrupted, { names });
    pair.clean.forEach((tokens, s) => {
      const rows = [run.cache, cache].map((kept) => Array.from(kept.pattern(1, 0).row(s, QUERY)));
      expect(largestDifference(rows[0]!, rows[1]!)).toBeLessThan(EXACT);
      // What it copies are still the clean tokens, evenly.
      const loss = run.lossPerPosition[s * (run.length - 1) + QUERY]!;
      const even = evenCopyLoss(Array.from(tokens).slice(1, QUERY + 1), tokens[QUERY + 1]!, V);
      expect(loss).toBeCloseTo(even, ON_PAPER);
      expect(loss).toBeGreaterThan(1);
    });
    // With the sides changed the loss falls from "clean" to "corrupted", so there is nothing to restore.
    expect(pathPatching(model, noised).doesNotApply).toMatch(/less than 0\.1: there is nothing to restore/);
  });

  test('restores by the edge as much as by the source as a whole: its keys are all that it is for', () => {
    const whole = activationPatching(model, pair).effects.find(({ label }) => label === 'L0H0')!;
    expect(record.edges.find(isKeys)!.effect.value).toBeCloseTo(whole.effect.value, ON_PAPER);
  });
});

test('a model of one layer has no edges, and progress goes from nothing to all', async () => {
  const copier = handBuiltPositionalCopier(referenceEngine, { dVocab: 11, nCtx: 14, period: 7 });
  const pair = corruptedPair({ config: copier.config, count: 2, seed: 1 }, 7, 'break-repeat');
  const record = pathPatching(copier, pair);
  expect(record).toMatchObject({
    edges: [],
    joint: [],
    doesNotApply: 'A model of one layer has no edges between heads.',
  });
  const fast = randomModel(await loadEngine({ exact: true }), {
    nLayers: 2,
    nHeads: 2,
    dModel: 7,
    dHead: 3,
    nCtx: 14,
    dVocab: 11,
  });
  const told: number[] = [];
  pathPatching(fast, pair, { onProgress: (done, all) => told.push(done / all) });
  expect(told.at(-1)).toBe(1);
});

test('edges are ablated by mean unless told otherwise, and nothing else is said of them', () => {
  const edge = { source: { layer: 0, head: 1 }, target: { layer: 1, head: 0 }, input: 'k' } as const;
  const value = { kind: 'removeFromInput', layer: 1, head: 0, input: 'k', sources: [{ layer: 0, head: 1 }] };
  expect(ablateEdges([edge])).toEqual([{ ...value, by: 'mean' }]);
  expect(ablateEdges([edge], { by: 'zero' })).toEqual([{ ...value, by: 'zero' }]);
  expect(patchEdges([edge])).toEqual([{ ...value, by: 'clean' }]);
  expect(() => ablateEdges([edge], { by: 'clean' as 'zero' })).toThrow(
    /options\.by must be "zero" or "mean", got "clean"/,
  );
  expect(() => patchEdges([{ ...edge, input: 'K' as 'k' }])).toThrow(/^patchEdges: edges\.0\.input must be/);
});
