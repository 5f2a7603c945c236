// From tensors under others' names to the weights of a model: names and shapes of all files are compared before anything is
// unpacked; then one tensor after the other is.
import { sizeOf } from '../../engine/tensor.ts';
import { listed } from '../../errors/names.ts';
import { printable } from '../../errors/printable.ts';
import type { Weight } from '../components/weight.ts';
import type { ModelConfig } from '../config.ts';
import { weightsOf } from '../parameters.ts';
import { firstNotFinite } from '../weightChecks.ts';
import { heldShape, toOurs } from './arrangements.ts';
import { FileFormatError } from './fileFormatError.ts';
import type { Arrangement, HeldTensor } from './heldTensor.ts';
import type { OpenedModel } from './openedModel.ts';
import { quotedName, shapeText } from './safetensorsHeader.ts';

/** A tensor in a file, not unpacked yet. */
export interface FileTensor {
  readonly file: string;
  readonly name: string;
  readonly shape: readonly number[];
  /** Set where it holds no fractions: the name of its type. */
  readonly wholeType?: string;
  /** Its elements, row-major. */
  readonly unpack: () => Float32Array;
}

export interface HeldModel {
  readonly config: ModelConfig;
  /** Every tensor of such a model. */
  readonly held: (config: ModelConfig) => readonly HeldTensor[];
  /** What may stand before all names. */
  readonly prefix?: string;
  /** Names of tensors that hold no weights. */
  readonly buffers?: RegExp;
  /** The files' names, for what they lack. */
  readonly files: readonly string[];
}

interface Found {
  readonly tensor: FileTensor;
  readonly weights: readonly { readonly weight: Weight; readonly as: Arrangement }[];
}

/**
 * Finds every weight of the model in the tensors. Throws a FileFormatError for a tensor that is none of the model's, is missing, stands
 * there twice, or has another shape.
 */
export function openHeld(
  tensors: readonly FileTensor[],
  { config, held: heldOf, prefix = '', buffers, files }: HeldModel,
): OpenedModel['weights'] {
  // A few bytes of config may ask for any number of layers: what each of them holds is not listed before that is known to be wanted.
  if (config.nLayers > tensors.length)
    throw new FileFormatError(
      `${listed(files.map(printable), 3)} has ${tensors.length} tensors, too few for the ${config.nLayers} layers that its config calls for; check that all files of the model are there, and the config.`,
    );
  const held = heldOf(config);
  const known = new Map(held.map((tensor) => [tensor.name, tensor]));
  const ours = new Map([...weightsOf(config)].map((weight) => [weight.name, weight]));
  const found: Found[] = [];
  const names = new Set<string>();
  for (const tensor of tensors) {
    const name = tensor.name.startsWith(prefix) ? tensor.name.slice(prefix.length) : tensor.name;
    const holder = known.get(name);
    if (!holder && buffers?.test(name)) continue;
    found.push({ tensor, weights: weightsIn(tensor, holder, ours) });
    if (names.has(name))
      throw new FileFormatError(
        `${printable(tensor.file)} has ${quotedName(tensor.name)} a second time; remove one of them.`,
      );
    names.add(name);
  }
  const there = new Set(found.flatMap(({ weights }) => weights.map(({ weight }) => weight.name)));
  const blank = [...ours.values()].filter(({ name }) => !there.has(name));
  for (const weight of blank) refuseMissing(weight, { held, files });
  const heads = config.tied ? headsOf(tensors, (name) => known.get(name), prefix) : null;
  return function* (wanted = () => true) {
    if (heads) refuseOtherHead(heads);
    for (const { tensor, weights } of found)
      yield* unpacked(
        tensor,
        weights.filter(({ weight }) => wanted(weight.name)),
      );
    for (const { name, layout } of blank)
      if (wanted(name)) yield [name, { shape: layout.shape, data: new Float32Array(sizeOf(layout.shape)) }];
  };
}

interface Heads {
  readonly embedding: FileTensor;
  readonly unembedding: FileTensor;
}

/** Of a tied model the embedding and the head that its files hold besides; null where they hold none. */
function headsOf(
  tensors: readonly FileTensor[],
  held: (name: string) => HeldTensor | undefined,
  prefix: string,
): Heads | null {
  const holding = (weight: string): FileTensor | undefined =>
    tensors.find(({ name }) =>
      held(name.startsWith(prefix) ? name.slice(prefix.length) : name)?.weights.some((own) => own.name === weight),
    );
  const [embedding, unembedding] = [holding('embed.W_E'), holding('unembed.W_U')];
  return embedding && unembedding ? { embedding, unembedding } : null;
}

/** Throws a FileFormatError where the head is not the embedding: one of the two would be left out. */
function refuseOtherHead({ embedding, unembedding }: Heads): void {
  const [ours, theirs] = [embedding.unpack(), unembedding.unpack()];
  if (embedding.shape.join() === unembedding.shape.join() && theirs.every((value, i) => value === ours[i])) return;
  throw new FileFormatError(
    `${printable(unembedding.file)}: the config says that the unembedding is tied to the embedding, but ${quotedName(unembedding.name)} is another matrix than ${quotedName(embedding.name)}; set tie_word_embeddings to false in the config, or take the tensor out.`,
  );
}

/** The weights of the model that a tensor holds: a tied model has no W_U of its own, whatever the file has. */
function weightsIn(
  tensor: FileTensor,
  holder: HeldTensor | undefined,
  ours: ReadonlyMap<string, Weight>,
): Found['weights'] {
  const { file, name, shape, wholeType } = tensor;
  if (!holder || wholeType !== undefined)
    throw new FileFormatError(
      `${printable(file)} has the tensor ${quotedName(name)}${holder ? ` of whole numbers (${wholeType})` : ''}, which is no part of the model that its config describes; check the config.`,
    );
  const weights = holder.weights.flatMap(({ name: own, as }) => {
    const weight = ours.get(own);
    return weight ? [{ weight, as }] : [];
  });
  for (const { weight, as } of weights) {
    const wanted = heldShape(weight, as);
    if (wanted.join() !== shape.join())
      throw new FileFormatError(
        `${printable(file)}: ${quotedName(name)} has shape ${shapeText(shape)}, its config calls for ${shapeText(wanted)}; check the config.`,
      );
  }
  return weights;
}

function refuseMissing(
  { name, absent }: Weight,
  { held, files }: { held: readonly HeldTensor[]; files: readonly string[] },
): void {
  const holder = held.find((tensor) => tensor.weights.some((weight) => weight.name === name));
  if (holder ? holder.optional : absent === 'zeros') return;
  throw new FileFormatError(
    `${listed(files.map(printable), 3)} lacks the tensor ${holder?.name ?? name}, which its config calls for; check that all files of the model are there, and the config.`,
  );
}

function* unpacked(tensor: FileTensor, weights: Found['weights']): ReturnType<OpenedModel['weights']> & Generator {
  if (weights.length === 0) return;
  const data = tensor.unpack();
  const wrong = firstNotFinite(data);
  if (wrong >= 0)
    throw new FileFormatError(
      `${printable(tensor.file)}: ${quotedName(tensor.name)} holds ${data[wrong]} at element ${wrong}; the training that made it had failed.`,
    );
  for (const { weight, as } of weights)
    yield [weight.name, { shape: weight.layout.shape, data: toOurs(data, weight, as) }];
}
