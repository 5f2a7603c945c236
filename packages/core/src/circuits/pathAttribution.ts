// Attribution patching of paths (after Nanda 2023): one forward pass for the heads' outputs, one forward and backward
// pass for the gradients of the loss with respect to later heads' inputs, and then every path by a dot product.

import type { Floats } from '../engine/tensor.ts';
import { earlierHeads, type HeadName, INPUTS, type Input } from '../model/interventions.ts';
import type { RepeatSet } from './repeatSet.ts';

export interface PathAttribution {
  /** First-order increase of lossRepeat when the source is removed from that input of the target, by sequence. */
  get(input: Input, source: HeadName, target: HeadName): Float64Array;
}

/** Attributions of all paths at once. `by` is what takes the removed output's place. */
export function attributePaths(set: RepeatSet, by: 'zero' | 'mean'): PathAttribution {
  const { config } = set.model;
  const { nHeads, dModel } = config;
  const key = (input: Input, source: HeadName, target: HeadName): string =>
    [input, source.layer, source.head, target.layer, target.head].join();
  const bySequence = new Map<string, number[]>();
  for (const { tokens, queries } of set.batches()) {
    const { cache } = set.model.runWithCache(tokens, { names: 'blocks.*.attn.hook_result' });
    const names = Array.from({ length: config.nLayers - 1 }, (_, i) => `blocks.${i + 1}.hook_?_input`);
    const { activationGradients } = set.model.runWithGradients(tokens, { names, queries });
    const rows = tokens.length * (tokens[0] as Int32Array).length;
    for (let layer = 1; layer < config.nLayers; layer++)
      for (const source of earlierHeads(config, layer)) {
        const output = headRows(cache.get(`blocks.${source.layer}.attn.hook_result`).data, source.head, nHeads, dModel);
        if (by === 'mean') subtractMean(output, dModel);
        for (const input of INPUTS)
          for (let head = 0; head < nHeads; head++) {
            const { data } = activationGradients.get(`blocks.${layer}.hook_${input}_input`);
            const effects = tokens.map((_, s) => {
              const length = rows / tokens.length;
              let dot = 0;
              for (let p = s * length; p < (s + 1) * length; p++)
                for (let i = 0; i < dModel; i++)
                  dot += (data[(p * nHeads + head) * dModel + i] as number) * output[p * dModel + i]!;
              return -dot * tokens.length; // the gradient is that of the mean over sequences
            });
            const name = key(input, source, { layer, head });
            bySequence.set(name, [...(bySequence.get(name) ?? []), ...effects]);
          }
      }
  }
  return { get: (input, source, target) => Float64Array.from(bySequence.get(key(input, source, target)) as number[]) };
}

/** One head's part of [batch, pos, head, dModel]: [batch · pos, dModel]. */
function headRows(data: Floats, head: number, nHeads: number, dModel: number): Float64Array {
  const rows = data.length / (nHeads * dModel);
  const out = new Float64Array(rows * dModel);
  for (let row = 0; row < rows; row++)
    for (let i = 0; i < dModel; i++) out[row * dModel + i] = data[(row * nHeads + head) * dModel + i] as number;
  return out;
}

function subtractMean(rows: Float64Array, width: number): void {
  const mean = new Float64Array(width);
  const count = rows.length / width;
  rows.forEach((x, i) => {
    mean[i % width]! += x / count;
  });
  rows.forEach((x, i) => {
    rows[i] = x - mean[i % width]!;
  });
}
