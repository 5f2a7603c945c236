// Attribution patching of paths (after Nanda 2023): one forward pass for the heads' outputs, one forward and backward
// pass for the gradients of the loss with respect to later heads' inputs, and then every path by a dot product.

import type { Floats } from '../../engine/tensor.ts';
import { checkOwnInputs, earlierHeads, type HeadIndex } from '../../model/heads.ts';
import { INPUTS, type Input } from '../../model/interventions/interventions.ts';
import type { RepeatBatch, RepeatSet } from '../data/repeatSet.ts';
import { checkNumbers } from '../finite.ts';

export interface PathAttribution {
  /** First-order increase of lossRepeat when that edge from source to target is ablated, by sequence. */
  get(input: Input, source: HeadIndex, target: HeadIndex): Float64Array;
}

/** What the attribution of a set takes, in forward runs over it, about. */
export const ATTRIBUTION_RUNS = 10;

/**
 * Attributions of all paths at once. `by` is what takes the source's place: nothing, or its mean over the
 * sequences and positions of its period. Throws a NotFiniteError when a gradient overflows.
 */
export function attributePaths(set: RepeatSet, by: 'zero' | 'mean'): PathAttribution {
  const { config } = set.model;
  const { nHeads, dModel } = config;
  checkOwnInputs(config, 'attributePaths');
  const key = (input: Input, source: HeadIndex, target: HeadIndex): string =>
    [input, source.layer, source.head, target.layer, target.head].join();
  const bySequence = new Map<string, number[]>();
  const means = by === 'mean' ? resultMeans(set) : null;
  const names = Array.from({ length: config.nLayers - 1 }, (_, i) => `blocks.${i + 1}.hook_?_input`);
  for (const batch of set.batches()) {
    const { tokens, queries, period } = batch;
    const { cache } = set.model.runWithCache(tokens, { names: 'blocks.*.attn.hook_result' });
    const { activationGradients } = set.model.runWithGradients(tokens, { names, queries });
    const length = 2 * period;
    for (let layer = 1; layer < config.nLayers; layer++)
      for (const source of earlierHeads(config, layer)) {
        const output = headRows(cache.get(`blocks.${source.layer}.attn.hook_result`).data, source.head, nHeads, dModel);
        const mean = means?.get(period)?.[source.layer * nHeads + source.head];
        if (mean) for (let i = 0; i < output.length; i++) output[i]! -= mean[i % dModel]!;
        for (const input of INPUTS)
          for (let head = 0; head < nHeads; head++) {
            const { data } = activationGradients.get(`blocks.${layer}.hook_${input}_input`);
            const effects = tokens.map((_, s) => {
              let dot = 0;
              for (let p = s * length; p < (s + 1) * length; p++)
                for (let i = 0; i < dModel; i++)
                  dot += (data[(p * nHeads + head) * dModel + i] as number) * output[p * dModel + i]!;
              return -dot * tokens.length; // the gradient is that of the mean over sequences
            });
            checkNumbers(
              `The gradient of the loss with respect to "blocks.${layer}.hook_${input}_input" gives`,
              effects,
            );
            const name = key(input, source, { layer, head });
            const found = bySequence.get(name) ?? [];
            bySequence.set(name, found);
            found.push(...effects);
          }
      }
    for (let run = 0; run < ATTRIBUTION_RUNS; run++) set.ran(batch);
  }
  return { get: (input, source, target) => Float64Array.from(bySequence.get(key(input, source, target)) as number[]) };
}

/** Mean output of every head over all sequences and positions of a period: period → [layer × nHeads + head][dModel]. */
function resultMeans(set: RepeatSet): Map<number, Float64Array[]> {
  const { nLayers, nHeads, dModel } = set.model.config;
  const inAll = new Map<number, number>();
  const batches = set.batches();
  const rowsOf = ({ tokens, period }: RepeatBatch): number => tokens.length * 2 * period;
  for (const batch of batches) inAll.set(batch.period, (inAll.get(batch.period) ?? 0) + rowsOf(batch));
  const means = new Map<number, Float64Array[]>();
  for (const batch of batches) {
    const { cache } = set.model.runWithCache(batch.tokens, { names: 'blocks.*.attn.hook_result' });
    const ofPeriod =
      means.get(batch.period) ?? Array.from({ length: nLayers * nHeads }, () => new Float64Array(dModel));
    means.set(batch.period, ofPeriod);
    const rows = inAll.get(batch.period) as number;
    for (let layer = 0; layer < nLayers; layer++) {
      const { data } = cache.get(`blocks.${layer}.attn.hook_result`);
      for (let at = 0; at < data.length; at++)
        ofPeriod[layer * nHeads + (Math.floor(at / dModel) % nHeads)]![at % dModel]! += data[at]! / rows;
    }
  }
  return means;
}

/** One head's part of [batch, pos, head, dModel]: [batch · pos, dModel]. */
function headRows(data: Floats, head: number, nHeads: number, dModel: number): Float64Array {
  const rows = data.length / (nHeads * dModel);
  const out = new Float64Array(rows * dModel);
  for (let row = 0; row < rows; row++)
    for (let i = 0; i < dModel; i++) out[row * dModel + i] = data[(row * nHeads + head) * dModel + i] as number;
  return out;
}
