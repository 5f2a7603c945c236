// Rotary positions as GGUF files say them: base, turned dimensions, and Llama 3's scaling as a factor for each pair.

import { quoted } from '../../../errors/printable.ts';
import type { ModelOptions, RotaryScaling } from '../../config.ts';
import { FileFormatError } from '../fileFormatError.ts';
import type { GgufFields } from './ggufFields.ts';

export function rotaryOfGguf(fields: GgufFields): Pick<ModelOptions, 'rotaryBase' | 'rotaryDim' | 'rotaryScaling'> {
  const type = fields.raw['rope.scaling.type'] ?? 'none';
  if (type !== 'none' && !(type === 'linear' && fields.raw['rope.scaling.factor'] === 1))
    throw new FileFormatError(
      `${fields.file} has ${quoted(type)} scaling of rotary positions (rope.scaling.type), which induction-lab does not run.`,
    );
  const rotaryBase = fields.positiveNumber('rope.freq_base') ?? 10000;
  const rotaryDim = fields.wholeNumber('rope.dimension_count');
  const dHead =
    fields.wholeNumber('attention.key_length') ??
    fields.needed('embedding_length') / fields.needed('attention.head_count');
  const factors = fields.tensors.get('rope_freqs.weight');
  return {
    rotaryBase,
    ...(rotaryDim === undefined ? {} : { rotaryDim }),
    ...(factors
      ? {
          rotaryScaling: scalingOf(factors.unpack(), {
            pairs: (rotaryDim ?? dHead) / 2,
            rotaryBase,
            file: fields.file,
          }),
        }
      : {}),
  };
}

/** Llama 3's scaling, of which the file holds what came of it. Its models differ in the factor alone. */
function scalingOf(
  factors: Float32Array,
  { pairs, rotaryBase, file }: { pairs: number; rotaryBase: number; file: string },
): RotaryScaling {
  const scaling = { factor: Math.max(...factors), lowFreqFactor: 1, highFreqFactor: 4, originalCtx: 8192 };
  const fits = factors.every((factor, pair) => {
    const turns = (scaling.originalCtx * rotaryBase ** (-pair / factors.length)) / (2 * Math.PI);
    const kept = Math.min(1, Math.max(0, (turns - scaling.lowFreqFactor) / 3));
    return Math.abs(factor * (kept + (1 - kept) / scaling.factor) - 1) < 1e-3;
  });
  if (fits && factors.length === pairs) return scaling;
  throw new FileFormatError(
    `${file} scales its rotary positions (rope_freqs.weight) otherwise than Llama 3, which induction-lab does not run.`,
  );
}
