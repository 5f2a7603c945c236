// A model as a family of the Hugging Face hub holds it: the one whose parts it has.
import { printable } from '../../../errors/printable.ts';
import type { Weight } from '../../components/weight.ts';
import { type ModelConfig, modelConfig } from '../../config.ts';
import { weightsOf } from '../../parameters.ts';
import { heldShape } from '../arrangements.ts';
import { FileFormatError } from '../fileFormatError.ts';
import type { HeldTensor } from '../heldTensor.ts';
import type { Family } from '../huggingFace/family.ts';
import { gpt2 } from '../huggingFace/gpt2.ts';
import { gptJ } from '../huggingFace/gptJ.ts';
import { gptNeoX } from '../huggingFace/gptNeoX.ts';
import { tensorsOfFamily } from '../huggingFace/huggingFace.ts';
import { llama, qwen3 } from '../huggingFace/llama.ts';
import type { OpenedModel } from '../openedModel.ts';
import { withPairs } from '../rotaryPairs.ts';
import type { Target, TargetTensor } from './target.ts';

/** The family that says most of a model: what it cannot say is refused then. */
function familyOf({ positions, normalization, qkNorm, rotaryAdjacentPairs, parallelAttnMlp }: ModelConfig): Family {
  if (positions !== 'rotary') return gpt2;
  if (normalization === 'RMS') return qkNorm ? qwen3 : llama;
  return rotaryAdjacentPairs && parallelAttnMlp ? gptJ : gptNeoX;
}

/**
 * The model as it is written then, rotary pairs as the family has them, and the target. Throws a FileFormatError that names the part for
 * which the family has no place. `file` is the model's, for messages.
 */
export function forHuggingFace(opened: OpenedModel, file: string): { opened: OpenedModel; target: Target } {
  const family = familyOf(opened.config);
  const turned = withPairs(opened, { adjacent: family === gptJ });
  return { opened: turned, target: targetOf(family, turned.config, file) };
}

function targetOf(family: Family, config: ModelConfig, file: string): Target {
  const type = family.modelTypes[0] as string;
  const part = partOfNone(config) ?? family.lacks(config);
  if (part !== null)
    throw new FileFormatError(
      `${printable(file)} has ${part}, for which the hub's family ${type} has no place; choose --to transformer-lens or safetensors.`,
    );
  const tensors = tensorsOfFamily(family, config).flatMap((tensor) => inFile(tensor, config));
  return {
    called: `the hub's family ${type}`,
    config: {
      ...{ architectures: [family.architecture], model_type: type, ...family.config(config), torch_dtype: 'float32' },
      ...(config.bos === undefined ? {} : { bos_token_id: config.bos }),
    },
    metadata: { format: 'pt' },
    tensors: tensors.map((tensor) => ({ ...tensor, name: nameIn(family, tensor.name) })),
  };
}

/** A tensor of weights that the model has; zeros where they are biases that it has not; nothing where they are tied. */
function inFile(tensor: HeldTensor, config: ModelConfig): TargetTensor[] {
  const named = (of: ModelConfig): Weight | undefined =>
    [...weightsOf(of)].find(({ name }) => name === tensor.weights[0]!.name);
  if (named(config)) return [tensor];
  const bias = named(modelConfig({ ...config, biases: true }));
  return bias
    ? [{ name: tensor.name, type: 'F32', shape: heldShape(bias, tensor.weights[0]!.as), fill: () => {} }]
    : [];
}

/** The head stands beside what the prefix names. */
const nameIn = ({ prefix }: Family, name: string): string =>
  /^(lm_head|embed_out)\./.test(name) ? name : prefix + name;

/** A part that no family has. */
function partOfNone({ dMlp, normalization, positions }: ModelConfig): string | null {
  if (dMlp === undefined) return 'no MLPs';
  if (normalization === null) return 'no normalisation';
  if (positions === 'alibi' || positions === 'shortformer') return `${positions} positions`;
  return null;
}
