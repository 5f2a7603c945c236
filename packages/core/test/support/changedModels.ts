// Models made from others: by what may not change a verdict, or changes it in a known way.

import type { ModelOptions } from '../../src/model/config.ts';
import { Model } from '../../src/model/model.ts';
import type { NamedWeights } from '../../src/model/parameters.ts';
import { RandomStream } from '../../src/random/randomStream.ts';

type Data = NamedWeights[string];

/** The same weights under another config. */
export function rebuilt(model: Model, options: Partial<ModelOptions>): Model {
  const other = new Model(model.engine, { ...model.config, ...options });
  const named = Object.entries(other.getWeights()).map(([name, own]) => [name, model.getWeights()[name] ?? own]);
  other.setWeights(Object.fromEntries(named));
  return other;
}

function changed(model: Model, change: (data: Data, name: string) => Data): Model {
  const other = rebuilt(model, {});
  other.setWeights(
    Object.fromEntries(Object.entries(model.getWeights()).map(([name, data]) => [name, change(data, name)])),
  );
  return other;
}

/** All logits multiplied. */
export const scaledLogits = (model: Model, times: number): Model =>
  changed(model, ({ shape, data }, name) => ({
    shape,
    data: name.startsWith('unembed.') ? Array.from(data, (x) => x * times) : data,
  }));

/** Normal noise in every weight but LayerNorm's. */
export const withNoise = (model: Model, { std, seed }: { std: number; seed: number }): Model => {
  const random = new RandomStream(seed, 77);
  return changed(model, ({ shape, data }, name) => ({
    shape,
    data: /\bln/.test(name) ? data : Array.from(data, (x) => x + std * random.normal()),
  }));
};

/** Random numbers in the heads that are zero, their outputs small. */
export const junkHeads = (model: Model, seed: number): Model => {
  const random = new RandomStream(seed, 78);
  const size = (data: Data): number => data.data.length / (data.shape[0] as number);
  const blank = (weights: Data, head: number): boolean =>
    Array.from(weights.data)
      .slice(head * size(weights), (head + 1) * size(weights))
      .every((x) => x === 0);
  return changed(model, (weights, name) => {
    const layer = /^blocks\.(\d+)\.attn\.W_/.exec(name)?.[1];
    if (layer === undefined) return weights;
    const output = model.getWeights()[`blocks.${layer}.attn.W_O`]!;
    return {
      ...weights,
      data: Array.from(weights.data, (x, i) =>
        blank(output, Math.floor(i / size(weights))) ? (name.endsWith('W_O') ? 0.002 : 1) * random.normal() : x,
      ),
    };
  });
};

/** The heads of every layer in another order. */
export const permutedHeads = (model: Model, seed: number): Model => {
  const random = new RandomStream(seed, 79);
  const { nLayers, nHeads } = model.config;
  const orders = Array.from({ length: nLayers }, () => {
    const order = Array.from({ length: nHeads }, (_, i) => i);
    for (let i = nHeads - 1; i > 0; i--) {
      const j = random.below(i + 1);
      [order[i], order[j]] = [order[j]!, order[i]!];
    }
    return order;
  });
  return changed(model, (weights, name) => {
    const layer = /^blocks\.(\d+)\.attn\.W_/.exec(name)?.[1];
    if (layer === undefined) return weights;
    const data = Array.from(weights.data);
    const size = data.length / nHeads;
    return { ...weights, data: orders[Number(layer)]!.flatMap((head) => data.slice(head * size, (head + 1) * size)) };
  });
};
