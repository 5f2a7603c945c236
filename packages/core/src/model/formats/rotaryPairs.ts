// The two ways in which rotary pairs lie in a head, (i, i + rotaryDim / 2) and neighbours (2i, 2i + 1), and the way from one to the
// other: the model computes the same.
import { type ModelConfig, modelConfig } from '../config.ts';
import type { OpenedModel } from './openedModel.ts';

/** Weights whose last axis is that of a head's turned dimensions. */
const TURNED = /\.attn\.(_?[Wb]_[QK]|[qk]_norm\.w)$/;

/** The same model with its rotary pairs as neighbours, or as halves. */
export function withPairs(opened: OpenedModel, { adjacent }: { adjacent: boolean }): OpenedModel {
  const { config } = opened;
  if (config.positions !== 'rotary' || (config.rotaryAdjacentPairs ?? false) === adjacent) return opened;
  return {
    ...opened,
    config: modelConfig({ ...config, rotaryAdjacentPairs: adjacent }),
    *weights(wanted) {
      for (const [name, tensor] of opened.weights(wanted))
        yield [name, TURNED.test(name) ? { ...tensor, data: rearranged(tensor.data, config, { adjacent }) } : tensor];
    },
  };
}

function rearranged(
  data: Float32Array,
  { dHead, rotaryDim }: ModelConfig,
  { adjacent }: { adjacent: boolean },
): Float32Array {
  const out = data.slice();
  const half = rotaryDim / 2;
  for (let row = 0; row < data.length; row += dHead)
    for (let i = 0; i < rotaryDim; i++) {
      const [halves, neighbours] = [row + i, row + (i < half ? 2 * i : 2 * (i - half) + 1)];
      if (adjacent) out[neighbours] = data[halves]!;
      else out[halves] = data[neighbours]!;
    }
  return out;
}
