// Writing checkpoints: safetensors with TransformerLens's legacy names and its config as JSON in the metadata, so that
// Python reads what we write.
import * as z from 'zod/mini';
import { ArgumentError, checkArgument } from '../../errors/arguments.ts';
import { quoted } from '../../errors/printable.ts';
import { type ModelConfig, modelConfig } from '../config.ts';
import { type NamedWeights, weightsOf } from '../parameters.ts';
import { checkShapes, firstThatIsNone } from '../weightChecks.ts';
import { encodeSafetensors } from './safetensors.ts';
import { transposed } from './spellings.ts';
import { ownFields, toTransformerLensConfig } from './transformerLensConfig.ts';

/**
 * Encodes a model; a tied W_U is written out. `metadata` is added to the file's own. Throws an ArgumentError for what could
 * not be read again: an impossible config, a weight missing, unknown, of another shape or not finite in float32.
 * @returns The file's bytes.
 */
export function encodeCheckpoint(
  config: ModelConfig,
  weights: NamedWeights,
  metadata: Record<string, string> = {},
): Uint8Array<ArrayBuffer> {
  checkEncoded(config, weights, metadata);
  const tied = config.tied && weights['embed.W_E'] ? { 'unembed.W_U': transposed(weights['embed.W_E']) } : {};
  return encodeSafetensors(
    { ...weights, ...tied },
    {
      ...metadata,
      format: 'pt',
      config: JSON.stringify(toTransformerLensConfig(config)),
      induction_lab: ownFields(config),
    },
  );
}

function checkEncoded(config: ModelConfig, weights: NamedWeights, metadata: Record<string, string>): void {
  const caller = 'encodeCheckpoint';
  checkArgument(caller, 'config', z.looseObject({ nLayers: z.number() }), config);
  checkArgument(caller, 'weights', z.record(z.string(), z.looseObject({})), weights);
  checkArgument(caller, 'metadata', z.record(z.string(), z.string()), metadata);
  const shapes = [...weightsOf(modelConfig(config))];
  const known = new Set(shapes.map(({ name }) => name));
  const missing = shapes.find(({ name }) => weights[name] === undefined);
  if (missing) throw new ArgumentError(`${caller}: weights has no ${missing.name}; pass all of a model's weights.`);
  const unknown = Object.keys(weights).find((name) => !known.has(name) && !(config.tied && name === 'unembed.W_U'));
  if (unknown !== undefined)
    throw new ArgumentError(`${caller}: weights has ${quoted(unknown)}, which is no weight of this config.`);
  checkShapes(config, weights, caller);
  for (const name of known) {
    const { data } = weights[name] as NamedWeights[string];
    const wrong = firstThatIsNone(data, 4);
    if (wrong >= 0)
      throw new ArgumentError(
        `${caller}: ${name} holds ${quoted(data[wrong])} at element ${wrong}, which no reader takes; the training that made it had failed.`,
      );
  }
}
