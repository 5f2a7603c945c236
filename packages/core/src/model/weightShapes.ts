// The weights that a model has, by name and shape, one after the other: to be compared with what a file holds before any
// memory is laid out, since a config may ask for any amount. The same as Parameters lays out (a test compares them).
import { ArgumentError } from '../errors/arguments.ts';
import { quoted } from '../errors/printable.ts';
import type { ModelConfig } from './config.ts';
import type { NamedWeights } from './parameters.ts';

export interface WeightShape {
  readonly name: string;
  readonly shape: readonly number[];
}

/** Every weight of a model in the order of Parameters; a tied W_U is not among them. */
export function* weightShapes(config: ModelConfig): Generator<WeightShape> {
  const { nLayers, nHeads, dModel, dHead, nCtx, dVocab, biases } = config;
  const layerNorm = config.normalization === 'LN';
  const one = (name: string, ...shape: number[]): WeightShape => ({ name, shape });
  yield one('embed.W_E', dVocab, dModel);
  if (config.positions !== 'rotary') yield one('pos_embed.W_pos', nCtx, dModel);
  for (let layer = 0; layer < nLayers; layer++) {
    const block = `blocks.${layer}`;
    if (layerNorm) yield one(`${block}.ln1.w`, dModel);
    if (layerNorm) yield one(`${block}.ln1.b`, dModel);
    for (const part of ['Q', 'K', 'V']) yield one(`${block}.attn.W_${part}`, nHeads, dModel, dHead);
    yield one(`${block}.attn.W_O`, nHeads, dHead, dModel);
    if (!biases) continue;
    for (const part of ['Q', 'K', 'V']) yield one(`${block}.attn.b_${part}`, nHeads, dHead);
    yield one(`${block}.attn.b_O`, dModel);
  }
  if (layerNorm) yield one('ln_final.w', dModel);
  if (layerNorm) yield one('ln_final.b', dModel);
  if (!config.tied) yield one('unembed.W_U', dModel, dVocab);
  if (biases) yield one('unembed.b_U', dVocab);
}

/** Throws an ArgumentError when a weight of the model is of another shape, or has more or fewer numbers than its shape. */
export function checkShapes(config: ModelConfig, weights: NamedWeights, caller: string): void {
  for (const { name, shape } of weightShapes(config)) {
    const found = weights[name];
    if (!found) continue;
    if (!Array.isArray(found.shape) || found.shape.join() !== shape.join())
      throw new ArgumentError(`${caller}: ${name} has shape ${quoted(found.shape)}, this config calls for [${shape}].`);
    const size = shape.reduce((a, b) => a * b, 1);
    if (found.data?.length !== size)
      throw new ArgumentError(
        `${caller}: ${name} holds ${quoted(found.data?.length)} numbers, its shape [${shape}] needs ${size}.`,
      );
  }
}
