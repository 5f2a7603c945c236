// Attribution is a derivative: of the loss, by how much of a source is taken out of one input of one head. So it must be
// what central differences of the loss give, path by path and sequence by sequence, in float64.

import { describe, expect, test } from 'vitest';
import { randomModel } from '../../../test/support/models.ts';
import { referenceEngine } from '../../engine/engine.ts';
import { earlierHeads } from '../../model/heads.ts';
import { INPUTS } from '../../model/interventions/interventions.ts';
import type { Model } from '../../model/model.ts';
import { RepeatSet } from '../data/repeatSet.ts';
import { mean } from '../statistics/estimate.ts';
import { attributeEdges } from './edgeAttribution.ts';
import type { HeadEdge } from './edges.ts';

const SIZES = { nHeads: 2, dModel: 7, dHead: 3, nCtx: 11, dVocab: 5 };

/** Step of the differences: its square against the loss's curvature, 1e-16 / step against its slope. */
const STEP = 1e-4;
/** Relative, for slopes well above the rounding of the differences, 1e-12; absolute for those that happen to be small. */
const TOLERANCE = { relative: 1e-4, absolute: 1e-9 };

interface Ablation extends HeadEdge {
  readonly by: 'zero' | 'mean';
}

/** The batches of a set with every head's output in them: hook_result of each layer, [batch, pos, head, dModel]. */
const withOutputs = (set: RepeatSet) =>
  set.batches().map((batch) => {
    const { cache } = set.model.runWithCache(batch.tokens, { names: 'blocks.*.attn.hook_result' });
    return { ...batch, outputOf: (layer: number) => cache.get(`blocks.${layer}.attn.hook_result`).data };
  });

/** Mean output of a head over the whole set, every sequence weighted the same: [dModel]. */
function meanOutput(batches: ReturnType<typeof withOutputs>, { layer, head }: HeadEdge['source']): number[] {
  const { nHeads, dModel } = SIZES;
  const bySequence = batches.flatMap(({ tokens, outputOf }) => {
    const data = outputOf(layer);
    const size = data.length / tokens.length;
    const rows = size / (nHeads * dModel);
    return tokens.map((_, s) =>
      Array.from({ length: dModel }, (_, i) =>
        mean(Array.from({ length: rows }, (_, p) => data[s * size + (p * nHeads + head) * dModel + i]!)),
      ),
    );
  });
  return Array.from({ length: dModel }, (_, i) => mean(bySequence.map((own) => own[i]!)));
}

/** lossRepeat of each sequence with `share` of the source's output, or of its deviation from the mean, out of the input. */
function lossesWithout(
  model: Model,
  batches: ReturnType<typeof withOutputs>,
  { source, target, input, by }: Ablation,
  share: number,
): number[] {
  const { nHeads, dModel } = SIZES;
  const means = by === 'zero' ? new Array<number>(dModel).fill(0) : meanOutput(batches, source);
  return batches.flatMap(({ tokens, queries: [from, to], outputOf }) => {
    const data = outputOf(source.layer);
    const rows = data.length / (nHeads * dModel);
    const output = (row: number, i: number): number => data[(row * nHeads + source.head) * dModel + i]!;
    const { lossPerPosition, length } = model.runWithHooks(tokens, [
      [
        `blocks.${target.layer}.hook_${input}_input`,
        (activation) => {
          for (let row = 0; row < rows; row++)
            for (let i = 0; i < dModel; i++)
              activation.data[(row * nHeads + target.head) * dModel + i]! -= share * (output(row, i) - means[i]!);
        },
      ],
    ]);
    return tokens.map((_, s) => mean(lossPerPosition.slice(s * (length - 1) + from, s * (length - 1) + to)));
  });
}

const CASES = [
  { nLayers: 2, by: 'zero', normalization: null },
  { nLayers: 3, by: 'zero', normalization: 'LN' },
  { nLayers: 3, by: 'mean', normalization: 'LN' },
] as const;

describe.for(CASES)('$nLayers layers, edges ablated by $by', ({ nLayers, by, normalization }) => {
  const model = randomModel(referenceEngine, { ...SIZES, nLayers, normalization, biases: true });
  const set = new RepeatSet(model, { sequences: 4, seed: 3, periods: [3, 5] });
  const attribution = attributeEdges(set, { by });
  const batches = withOutputs(set);

  test('the attribution of every path is the slope of the loss along its ablation, in each sequence', () => {
    const slopes: number[] = [];
    const paths = [1, nLayers - 1].flatMap((layer) =>
      earlierHeads(model.config, layer).map((source) => ({ source, target: { layer, head: 1 - source.head } })),
    );
    for (const { source, target } of paths)
      for (const input of INPUTS) {
        const path = { source, target, input, by };
        const [more, less] = [STEP, -STEP].map((share) => lossesWithout(model, batches, path, share));
        const got = attribution.get(path);
        expect(got).toHaveLength(set.sequences);
        got.forEach((value, s) => {
          const slope = (more![s]! - less![s]!) / (2 * STEP);
          slopes.push(slope);
          const name = `L${source.layer}H${source.head} into ${input}, sequence ${s}: ${value} for ${slope}`;
          expect(Math.abs(value - slope), name).toBeLessThan(TOLERANCE.relative * Math.abs(slope) + TOLERANCE.absolute);
        });
      }
    // Slopes of all sizes and both signs, or agreement means little.
    expect(Math.max(...slopes)).toBeGreaterThan(1e-4);
    expect(Math.min(...slopes)).toBeLessThan(-1e-4);
  });
});
