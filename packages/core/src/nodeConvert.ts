// Models in other programs' formats under Node: a safetensors file is written tensor by tensor, so that memory holds a few at a time.
import { join } from 'node:path';
import { forHuggingFace } from './model/formats/export/huggingFaceTarget.ts';
import { ourTarget } from './model/formats/export/ourTarget.ts';
import { describe, filled, refuseLost, type Target } from './model/formats/export/target.ts';
import { transformerLensTarget } from './model/formats/export/transformerLensTarget.ts';
import type { OpenedModel } from './model/formats/openedModel.ts';
import { writeWhole, writeWholeInPieces } from './nodeFiles.ts';

/** What a model can be converted to: a folder for TransformerLens or transformers, or a checkpoint of our own. */
export const CONVERSIONS = ['transformer-lens', 'hugging-face', 'safetensors'] as const;
export type Conversion = (typeof CONVERSIONS)[number];

/** A conversion that is known to be possible, and not begun. */
export interface PreparedConversion {
  /** Files that `write` makes: names in the folder, or nothing where it is one file. */
  readonly files: readonly string[];
  /** Tensors and bytes of the safetensors file, its header not counted. */
  readonly tensors: number;
  readonly bytes: number;
  /** Writes the folder's files, or the file, each as a whole or not at all; `onProgress` is told how many tensors are written. */
  write(path: string, onProgress?: (done: number, total: number) => void): void;
}

/**
 * Prepares a conversion. `file` is what the model is called in messages. Throws a FileFormatError that names what the format cannot hold;
 * nothing is written yet.
 */
export function prepareConversion(model: OpenedModel, to: Conversion, file: string): PreparedConversion {
  const { opened, target } = inFormat(model, to, file);
  refuseLost(target, opened, file);
  const described = describe(target, opened.config);
  const { config } = target;
  return {
    files: config ? ['config.json', 'model.safetensors'] : [],
    tensors: described.length,
    bytes: described.reduce((sum, { bytes }) => sum + bytes, 0),
    write: (path, onProgress = () => {}) => {
      let done = 0;
      const onTensor = (): void => onProgress(++done, described.length);
      writeTensors(config ? join(path, 'model.safetensors') : path, { target, opened, onTensor });
      if (config) writeWhole(join(path, 'config.json'), `${JSON.stringify(config, null, 2)}\n`);
    },
  };
}

function inFormat(opened: OpenedModel, to: Conversion, file: string): { opened: OpenedModel; target: Target } {
  if (to === 'hugging-face') return forHuggingFace(opened, file);
  return { opened, target: to === 'safetensors' ? ourTarget(opened.config) : transformerLensTarget(opened.config) };
}

function writeTensors(
  path: string,
  { target, opened, onTensor }: { target: Target; opened: OpenedModel; onTensor: () => void },
): void {
  const header: Record<string, unknown> = { __metadata__: target.metadata };
  const places = new Map<string, number>();
  let end = 0;
  for (const { name, type, shape, bytes } of describe(target, opened.config)) {
    header[name] = { dtype: type, shape, data_offsets: [end, end + bytes] };
    places.set(name, end);
    end += bytes;
  }
  const text = Buffer.from(JSON.stringify(header));
  const start = 8 + Math.ceil(text.length / 8) * 8; // so that tensors are aligned
  const first = Buffer.alloc(start, 0x20);
  first.writeBigUInt64LE(BigInt(start - 8));
  text.copy(first, 8);
  writeWholeInPieces(
    path,
    (write) => {
      write(first, 0);
      for (const [name, bytes] of filled(target, opened)) {
        write(bytes, start + places.get(name)!);
        onTensor();
      }
    },
    { durable: true },
  );
}
