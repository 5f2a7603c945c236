import { describe, expect, test } from 'vitest';
import { randomModel } from '../../../test/support/models.ts';
import { meanOverRepeats, perfectCopyLoss } from '../../../test/support/paper.ts';
import { referenceEngine } from '../../engine/engine.ts';
import { handBuiltHub } from '../../examples/handBuiltHub.ts';
import { handBuiltInduction } from '../../examples/handBuiltInduction.ts';
import type { Hook } from '../../model/model.ts';
import { RepeatSet } from '../data/repeatSet.ts';
import { mean } from '../statistics/estimate.ts';
import { type DirectEffect, logitAttribution } from './logitAttribution.ts';

/** Decimal places: float64 sums of a few hundred terms. */
const EXACT = 10;

describe('of the hand-built models, whose last head alone writes to the output', () => {
  const V = 11;
  for (const [name, build] of Object.entries({ induction: handBuiltInduction, hub: handBuiltHub }))
    test(`${name}: all of the logit, 20 (1 − 1/V) above the mean, is L1H0’s, and without it every token is as likely`, () => {
      const set = new RepeatSet(build(referenceEngine, { dVocab: V, nCtx: 14 }), {
        sequences: 2,
        seed: 1,
        periods: [5, 7],
      });
      const { parts, total, layerShares } = logitAttribution(set);
      expect(parts.map(({ part }) => part)).toEqual(['embedding', 'positions', 'L0H0', 'L0H1', 'L1H0', 'L1H1']);
      for (const { part, logit, loss } of parts) {
        const writes = part === 'L1H0';
        // One logit is 20, V − 1 are 0: the mean is 20/V.
        expect(logit.value, part).toBeCloseTo(writes ? 20 * (1 - 1 / V) : 0, EXACT);
        expect(loss.value, part).toBeCloseTo(writes ? Math.log(V) - perfectCopyLoss(V) : 0, EXACT);
      }
      expect(total.value).toBeCloseTo(20 * (1 - 1 / V), EXACT);
      expect(layerShares![0]).toBeCloseTo(0, EXACT);
      expect(layerShares![1]).toBeCloseTo(1, EXACT);
    });
});

const SIZES = { nLayers: 2, nHeads: 3, dModel: 13, dHead: 5, nCtx: 17, dVocab: 11 };
const CASES = [
  {
    label: 'LayerNorm, biases',
    options: { normalization: 'LN', biases: true },
    others: ['embedding', 'positions', 'biases'],
  },
  {
    label: 'LayerNorm, biases, tied',
    options: { normalization: 'LN', biases: true, tied: true },
    others: ['embedding', 'positions', 'biases'],
  },
  {
    label: 'LayerNorm without biases, rotary',
    options: { normalization: 'LN', positions: 'rotary' },
    others: ['embedding', 'biases'],
  },
  {
    label: 'no LayerNorm, shortformer, tied',
    options: { normalization: null, positions: 'shortformer', tied: true },
    others: ['embedding'],
  },
  {
    label: 'RMSNorm, gated MLPs, shared keys',
    options: { normalization: 'RMS', positions: 'rotary', dMlp: 7, actFn: 'silu', gatedMlp: true, nKeyValueHeads: 1 },
    others: ['embedding', 'L0MLP', 'L1MLP'],
  },
  {
    label: 'LayerNorm, parallel MLPs, biases',
    options: { normalization: 'LN', biases: true, dMlp: 7, actFn: 'gelu', parallelAttnMlp: true },
    others: ['embedding', 'positions', 'L0MLP', 'L1MLP', 'biases'],
  },
  {
    label: 'no LayerNorm, sinusoidal, biases',
    options: { normalization: null, positions: 'sinusoidal', biases: true },
    others: ['embedding', 'positions', 'biases'],
  },
] as const;

describe.for(CASES)('of a random model: $label', ({ options, others }) => {
  const model = randomModel(referenceEngine, { ...SIZES, ...options });
  const set = new RepeatSet(model, { sequences: 4, seed: 2, periods: [5, 7] });
  const { parts, total, layerShares } = logitAttribution(set);
  const sum = (chosen: readonly DirectEffect[]): number => chosen.reduce((s, { logit }) => s + logit.value, 0);

  test('the parts are everything that writes into the residual stream', () => {
    const names = parts.map(({ part }) => part);
    expect(names.filter((name) => !/^L\dH\d$/.test(name))).toEqual(others);
    expect(names.filter((name) => /^L\dH\d$/.test(name))).toHaveLength(6);
  });

  test('the parts add up to the true logit of the right token above the mean', () => {
    const logits = new Map(set.batches().map(({ tokens }) => [tokens, model.run(tokens).logits]));
    const truth = meanOverRepeats(set, (sequence, q) => {
      const [tokens, values] = [...logits].find(([batch]) => batch.includes(sequence))!;
      const row = tokens.indexOf(sequence) * sequence.length + q;
      const atQuery = values.slice(row * SIZES.dVocab, (row + 1) * SIZES.dVocab);
      return atQuery[sequence[q + 1]!]! - mean(atQuery);
    });
    expect(total.value).toBeCloseTo(truth, EXACT);
    expect(sum(parts)).toBeCloseTo(truth, EXACT);
    const [low, high] = total.interval;
    if (low <= 0 && high >= 0) expect(layerShares).toBeNull();
    else
      for (const layer of [0, 1])
        expect(layerShares![layer]).toBeCloseTo(sum(parts.filter((p) => p.layer === layer)) / truth, EXACT);
  });

  test('a head’s loss is that of the run in which its output is missing from the final stream alone, scales held', () => {
    for (const [layer, head] of [
      [0, 2],
      [1, 1],
    ] as const) {
      const missing = set.batches().flatMap(({ tokens, queries: [from, to] }) => {
        const { cache } = model.runWithCache(tokens, { names: ['*', 'blocks.*.attn.hook_result'] });
        const { data } = cache.get(`blocks.${layer}.attn.hook_result`);
        const remove: Hook = (stream) => {
          stream.data = stream.data.map(
            (x, i) =>
              x - data[(Math.floor(i / SIZES.dModel) * SIZES.nHeads + head) * SIZES.dModel + (i % SIZES.dModel)]!,
          );
        };
        const hold: Hook = (scale) => {
          scale.data = cache.get('ln_final.hook_scale').data.slice();
        };
        const { lossPerPosition, length } = model.runWithHooks(tokens, [
          ['blocks.1.hook_resid_post', remove],
          ...(options.normalization ? [['ln_final.hook_scale', hold] as const] : []),
        ]);
        return tokens.map((_, s) => mean(lossPerPosition.slice(s * (length - 1) + from, s * (length - 1) + to)));
      });
      const { loss } = parts.find(({ part }) => part === `L${layer}H${head}`)!;
      expect(loss.value).toBeCloseTo(mean(missing) - mean(set.clean), EXACT);
      expect(Math.abs(loss.value)).toBeGreaterThan(1e-6);
    }
  });
});
