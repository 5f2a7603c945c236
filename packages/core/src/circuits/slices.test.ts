// Any number of sequences, in bounded memory: slices give what one run over all gives.
import { describe, expect, test } from 'vitest';
import { randomModel, randomTokens } from '../../test/support/models.ts';
import { referenceEngine } from '../engine/engine.ts';
import { handBuiltPositionalCopier } from '../examples/handBuiltPositionalCopier.ts';
import { modelConfig } from '../model/config.ts';
import type { MeanAblate } from '../model/interventions/places.ts';
import { loadEngine } from '../node.ts';
import { exampleTokens } from './attention/examplePatterns.ts';
import { headScores } from './attention/headScores.ts';
import { activationPatching } from './causal/activationPatching.ts';
import { attributeEdges } from './causal/edgeAttribution.ts';
import { audit } from './claims/audit.ts';
import { scannedPeriods } from './data/periods.ts';
import { RepeatSet } from './data/repeatSet.ts';
import { sequencesTogether, slices } from './data/slices.ts';
import { analysedLength, LONGEST_ANALYSED } from './lengths.ts';
import { diagonalShare, headCircuits } from './weights/headCircuits.ts';
import { WeightCircuits } from './weights/weightCircuits.ts';

const SIZES = { nLayers: 2, nHeads: 3, dModel: 5, dHead: 3, nCtx: 14, dVocab: 7 };
const model = randomModel(referenceEngine, SIZES);
/** More than run together. */
const MANY = 70;

test('slices are even, in order, and at most as long as they may be', () => {
  const items = Array.from({ length: 131 }, (_, i) => i);
  for (const most of [1, 3, 64, 131, 500]) {
    const found = slices(items, most);
    expect(found.flat()).toEqual(items);
    const lengths = found.map((slice) => slice.length);
    expect(Math.max(...lengths)).toBeLessThanOrEqual(most);
    expect(Math.max(...lengths) - Math.min(...lengths)).toBeLessThanOrEqual(1);
  }
  expect(sequencesTogether(modelConfig({ ...SIZES, dVocab: 50_000, nCtx: 1024 }), 1024)).toBe(1);
  expect(sequencesTogether(modelConfig(SIZES), 14)).toBe(64);
});

describe('of many sequences', () => {
  const set = new RepeatSet(model, { sequences: MANY, seed: 1, periods: [5] });

  test('batches are slices, all sequences in order', () => {
    const batches = set.batches();
    expect(batches.length).toBe(2);
    expect(batches.flatMap(({ tokens }) => tokens)).toHaveLength(MANY);
    expect(new Set(batches.map(({ queries }) => queries.join()))).toEqual(new Set(['5,9']));
  });

  test('means are those of one run', () => {
    const tokens = set.batches().flatMap((batch) => batch.tokens);
    const { data } = model.runWithCache(tokens).cache.get('blocks.1.attn.hook_z');
    const rows = data.length / (SIZES.nHeads * SIZES.dHead);
    const { mean } = set.meanAblate({ layer: 1, head: 2 }) as MeanAblate;
    for (let i = 0; i < SIZES.dHead; i++) {
      let sum = 0;
      for (let row = 0; row < rows; row++) sum += data[(row * SIZES.nHeads + 2) * SIZES.dHead + i]! / rows;
      expect(mean![i]).toBe(sum);
    }
  });

  test('attributions by the mean use the mean over the whole set, not of a slice', () => {
    const [source, target] = [
      { layer: 0, head: 1 },
      { layer: 1, head: 2 },
    ];
    const found = attributeEdges(set, { by: 'mean' }).get({ source, target, input: 'k' });
    expect(found).toHaveLength(MANY);
    const tokens = set.batches().flatMap((batch) => batch.tokens);
    const result = model.runWithCache(tokens, { names: 'blocks.0.attn.hook_result' });
    const outputs = result.cache.get('blocks.0.attn.hook_result').data;
    const name = 'blocks.1.hook_k_input';
    const { activationGradients } = model.runWithGradients(tokens, { names: name, queries: [5, 9] });
    const gradient = activationGradients.get(name).data;
    const { nHeads, dModel } = SIZES;
    const rows = outputs.length / (nHeads * dModel);
    const mean = Array.from({ length: dModel }, (_, i) => {
      let sum = 0;
      for (let row = 0; row < rows; row++) sum += outputs[(row * nHeads + source.head) * dModel + i]! / rows;
      return sum;
    });
    for (const s of [0, 40, MANY - 1]) {
      let dot = 0;
      for (let row = s * 10; row < (s + 1) * 10; row++)
        for (let i = 0; i < dModel; i++)
          dot +=
            gradient[(row * nHeads + target.head) * dModel + i]! *
            (outputs[(row * nHeads + source.head) * dModel + i]! - mean[i]!);
      expect(found[s]).toBeCloseTo(-dot * MANY, 10);
    }
  });

  test('patching restores what it restores prompt by prompt', () => {
    const [clean, corrupted] = [1, 2].map((seed) =>
      randomTokens({ sequences: MANY, length: 8 }, SIZES.dVocab, seed).map((tokens) => [
        ...tokens.slice(0, 5),
        1,
        2,
        3,
      ]),
    );
    const all = activationPatching(model, { clean: clean!, corrupted: corrupted!, queries: [4, 7] });
    expect(all.sequences).toBe(MANY);
    expect(all.cleanLoss.n).toBe(MANY);
    const losses = model.run(clean!).lossPerPosition;
    let sum = 0;
    for (let s = 0; s < MANY; s++) for (let q = 4; q < 7; q++) sum += losses[s * 7 + q]!;
    expect(all.cleanLoss.value).toBeCloseTo(sum / (3 * MANY), 10);
  });
});

describe('a long context', () => {
  test('is analysed at a stated shorter length, and a short one as a whole', () => {
    const config = modelConfig({ ...SIZES, nCtx: 16_384 });
    expect(analysedLength(config)).toBe(LONGEST_ANALYSED);
    expect(Math.max(...scannedPeriods({ ...config, dVocab: 20_000 }))).toBe(LONGEST_ANALYSED / 2);
    expect(exampleTokens(config, { period: 7 })).toHaveLength(LONGEST_ANALYSED);
    expect(analysedLength(modelConfig({ ...SIZES, nCtx: 2048 }))).toBe(2048);
    const heavy = modelConfig({
      ...SIZES,
      nLayers: 12,
      nHeads: 12,
      dModel: 768,
      dHead: 64,
      nCtx: 1024,
      dVocab: 50_257,
    });
    expect(analysedLength(heavy)).toBeGreaterThanOrEqual(14);
    expect(analysedLength(heavy)).toBeLessThan(1024);
  });

  test('says so in the record and in the sentence', async () => {
    // No positions: the model is of the same size at any context.
    const engine = await loadEngine({ exact: true });
    const long = randomModel(engine, { ...SIZES, nLayers: 1, nHeads: 1, positions: 'rotary', dHead: 4, nCtx: 2500 });
    const record = audit(long, { sequences: 1 });
    expect(record.scores.length).toBe(LONGEST_ANALYSED);
    expect(record.sentence).toContain('Analysed on sequences of at most 2,048 tokens; the context of 2,500 is longer');
    const short = handBuiltPositionalCopier(engine, { dVocab: 7, nCtx: 14, period: 5 });
    expect(headScores(short, { sequences: 2 }).length).toBe(14);
    expect(audit(short, { sequences: 2 }).sentence).not.toContain('Analysed on');
  });
});

test('heads of a large vocabulary are read off their weights a block of rows at a time', () => {
  const sizes = { ...SIZES, nLayers: 1, nHeads: 1, dHead: 5, dVocab: 2100 };
  const large = randomModel(referenceEngine, { ...sizes, tied: true, normalization: null });
  // Copies what it attends to: the tokens furthest out are the largest in their rows.
  const copy = { shape: [1, 5, 5], data: Array.from({ length: 25 }, (_, i) => (i % 6 === 0 ? 1 : 0)) };
  large.setWeights({ 'blocks.0.attn.W_V': copy, 'blocks.0.attn.W_O': copy });
  const circuits = new WeightCircuits(large.config, large.getWeights());
  const { copiesTop1 } = headCircuits(circuits)[0]!;
  expect(copiesTop1).toBe(diagonalShare(circuits.fullOV({ layer: 0, head: 0 }).dense()));
  expect(copiesTop1).toBeGreaterThan(0);
});
