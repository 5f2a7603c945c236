// What the GPU's kernels do not have. Such an experiment trains on the CPU.
import { quoted } from '../errors/printable.ts';
import { isGrouped } from '../model/heads.ts';
import { weightsOf } from '../model/parameters.ts';
import type { Experiment } from '../training/experiment.ts';
import { WORKGROUP } from './layout.ts';

/** dModel at which each invocation has one column of vec4s. */
const LARGEST_MODEL = 4 * WORKGROUP;

/** The weights that the kernels know. */
const KNOWN =
  /^(embed\.W_E|pos_embed\.W_pos|blocks\.\d+\.(ln1\.[wb]|attn\.[Wb]_[QKVO])|ln_final\.[wb]|unembed\.[Wb]_U)$/;

/**
 * What of an experiment the GPU does not train.
 * @returns A sentence; null where it trains all of it.
 */
export function refusalOf({ model, training }: Pick<Experiment, 'model' | 'training'>): string | null {
  const { normalization, dMlp, dModel, nKeyValueHeads } = model;
  const has = (what: string): string => `The GPU trains no model with ${what}`;
  if (dMlp !== undefined) return `${has('MLPs')} (model.dMlp is ${dMlp}).`;
  if (isGrouped(model)) return `${has('shared keys and values')} (model.nKeyValueHeads is ${nKeyValueHeads}).`;
  if (normalization === 'RMS') return `${has('RMSNorm')} (model.normalization is ${quoted(normalization)}).`;
  if (model.qkNorm) return `${has('norms of queries and keys')} (model.qkNorm is true).`;
  const unknown = [...weightsOf(model)].find(({ name }) => !KNOWN.test(name));
  if (unknown) return `${has(`weights ${unknown.name}`)}.`;
  if (dModel > LARGEST_MODEL) return `${has(`a stream wider than ${LARGEST_MODEL}`)} (model.dModel is ${dModel}).`;
  if (training.competition > 0 && training.clamps.length > 0)
    return 'The GPU holds no heads (training.clamps) while others compete (training.competition).';
  return null;
}
