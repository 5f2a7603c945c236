// The metadata of a GGUF file that say what its model computes, and those that have no part in that.
import { listed } from '../../../errors/names.ts';
import { quoted } from '../../../errors/printable.ts';
import { FieldReader } from '../configFields.ts';
import { FileFormatError } from '../fileFormatError.ts';
import type { FileTensor } from '../heldWeights.ts';
import { size } from '../huggingFace/fields.ts';
import type { GgufHeader } from './ggufHeader.ts';

/** Under which values a field of the architecture changes nothing. Those that are read stand where they are read. */
const HARMLESS: Readonly<Record<string, (value: unknown, fields: GgufFields) => boolean>> = {
  'attention.value_length': (value, { raw }) => value === (raw['attention.key_length'] ?? value),
  'attention.causal': (value) => value === true,
  expert_count: (value) => value === 0,
  expert_used_count: (value) => value === 0,
  logit_scale: (value) => value === 1,
  embedding_scale: (value) => value === 1,
  residual_scale: (value) => value === 1,
  'attention.max_alibi_bias': (value) => value === 0,
  'attention.clamp_kqv': (value) => value === 0,
  'rope.scaling.factor': (value, { raw }) => value === 1 || raw['rope.scaling.type'] === 'none',
};

const READ: readonly string[] = [
  ...['block_count', 'context_length', 'embedding_length', 'feed_forward_length', 'vocab_size'],
  ...['attention.head_count', 'attention.head_count_kv', 'attention.key_length', 'attention.sliding_window'],
  ...['attention.layer_norm_epsilon', 'attention.layer_norm_rms_epsilon', 'use_parallel_residual'],
  ...['rope.dimension_count', 'rope.freq_base', 'rope.scaling.type'],
];

/** Said of how it was made. */
const IDLE: readonly string[] = [
  'tensor_data_layout',
  'rope.scaling.original_context_length',
  'rope.scaling.finetuned',
];

/** An architecture's fields, under their names without the architecture's. */
export class GgufFields extends FieldReader {
  readonly tensors: ReadonlyMap<string, FileTensor>;

  /** Throws a FileFormatError for a field that may change what the model computes and that is not known. */
  constructor(
    { metadata }: GgufHeader,
    { architecture, tensors, file }: { architecture: string; tensors: ReadonlyMap<string, FileTensor>; file: string },
  ) {
    const own = [...metadata].filter(([key]) => key.startsWith(`${architecture}.`));
    super(Object.fromEntries(own.map(([key, value]) => [key.slice(architecture.length + 1), value])), file);
    this.tensors = tensors;
    for (const [field, value] of Object.entries(this.raw)) {
      if (READ.includes(field) || IDLE.includes(field) || HARMLESS[field]?.(value, this)) continue;
      throw new FileFormatError(
        `${file}: its metadata say ${architecture}.${quotedField(field)} = ${quoted(value)}, ${field in HARMLESS ? 'which induction-lab does not run' : `which may change what the model computes and is not known; known are ${listed(READ, 30)}`}.`,
      );
    }
  }

  /** A number that must be there. */
  needed(field: string): number {
    const value = this.positiveNumber(field);
    if (value === undefined) throw this.wrongType(field, 'a positive number');
    return value;
  }

  /** Positions: of a sliding window as many as fit into it. */
  context(): number {
    const whole = size(this, 'context_length');
    const window = this.wholeNumber('attention.sliding_window');
    return window ? Math.min(whole, window) : whole;
  }

  /** Tokens: the rows of the embedding. */
  vocabulary(): number {
    const rows = this.tensors.get('token_embd.weight')?.shape[0];
    if (rows === undefined)
      throw new FileFormatError(
        `${this.file} lacks the tensor token_embd.weight, the embedding; fetch the whole model.`,
      );
    return rows;
  }
}

const quotedField = (field: string): string => (/^[\w.]{1,60}$/.test(field) ? field : quoted(field));
