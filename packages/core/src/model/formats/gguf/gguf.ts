// Models in GGUF files (llama.cpp), of the architectures and number types that are listed beside.
import { printable, quoted } from '../../../errors/printable.ts';
import type { ByteSource } from '../byteSource.ts';
import { FileFormatError } from '../fileFormatError.ts';
import { type FileTensor, openHeld } from '../heldWeights.ts';
import { possibleConfig, tensorsOfFamily } from '../huggingFace/huggingFace.ts';
import type { OpenedModel } from '../openedModel.ts';
import { withPairs } from '../rotaryPairs.ts';
import { ARCHITECTURES } from './architectures.ts';
import { GgufFields } from './ggufFields.ts';
import { type GgufTensor, readGgufHeader } from './ggufHeader.ts';
import { READ_TYPES } from './ggufTypes.ts';

/** What says how rotary positions turn, and is read with the config. */
const BUFFERS = /^rope_freqs\.weight$/;

/**
 * The model in a GGUF file, with rotary pairs as halves, as the hub has them. Its unembedding is tied where the file has no `output.weight`. Throws a FileFormatError: a header that is
 * corrupt, an architecture, part or number type that is not read, a tensor missing, unknown or of another shape.
 */
export function openGguf(source: ByteSource): OpenedModel {
  const header = readGgufHeader(source);
  const { metadata } = header;
  const file = printable(source.name);
  const architecture = ARCHITECTURES.find(({ name }) => name === metadata.get('general.architecture'));
  if (!architecture)
    throw new FileFormatError(
      `${file}: models of the architecture ${quoted(metadata.get('general.architecture'))} are not read from GGUF files; induction-lab reads ${ARCHITECTURES.map(({ name }) => name).join(', ')}.`,
    );
  const parts = metadata.get('split.count');
  if (typeof parts === 'number' && parts > 1)
    throw new FileFormatError(
      `${file} is one of ${parts} files of a model; put them together with llama-gguf-split --merge, and name what it writes.`,
    );
  const tensors = new Map(header.tensors.map((tensor) => [tensor.name, inFile(source, tensor)]));
  const fields = new GgufFields(header, { architecture: architecture.name, tensors, file });
  const config = possibleConfig(() => architecture.options(fields), file);
  const weights = openHeld([...tensors.values()], {
    ...{ config, held: (of) => tensorsOfFamily(architecture, of), buffers: BUFFERS, files: [source.name] },
  });
  return withPairs({ config, metadata: {}, weights }, { adjacent: false });
}

function inFile(source: ByteSource, { name, shape, type, from, to }: GgufTensor): FileTensor {
  const count = shape.reduce((product, size) => product * size, 1);
  return { file: source.name, name, shape, unpack: () => READ_TYPES.get(type)!.unpack(source.bytes(from, to), count) };
}
