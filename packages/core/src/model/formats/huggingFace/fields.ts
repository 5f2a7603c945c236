// Fields that the configs of several families share.
import type { Activation } from '../../../engine/activations.ts';
import { listed } from '../../../errors/names.ts';
import { quoted } from '../../../errors/printable.ts';
import type { ModelOptions, RotaryScaling } from '../../config.ts';
import { FieldReader } from '../configFields.ts';
import { FileFormatError } from '../fileFormatError.ts';

const ACTIVATION_NAMES: Readonly<Record<string, Activation>> = {
  ...{ relu: 'relu', gelu: 'gelu', silu: 'silu', swish: 'silu' },
  ...{ gelu_new: 'gelu_new', gelu_fast: 'gelu_new', gelu_pytorch_tanh: 'gelu_new' },
};

export function activation(fields: FieldReader, field: string, usual: string): Activation {
  const name = fields.raw[field] ?? usual;
  const known = Object.hasOwn(ACTIVATION_NAMES, name as string) ? ACTIVATION_NAMES[name as string] : undefined;
  if (known === undefined)
    throw new FileFormatError(
      `${fields.file}: its config has ${quoted(name)} as ${field}; induction-lab runs ${listed(Object.keys(ACTIVATION_NAMES), 8)}.`,
    );
  return known;
}

/** A size that must be there, under one of its names. */
export function size(fields: FieldReader, ...names: readonly string[]): number {
  const found = names.find((name) => fields.raw[name] != null);
  if (found === undefined) throw fields.wrongType(names[0] as string, 'a whole number');
  return fields.wholeNumber(found) as number;
}

/** Throws unless the field has one of these values or is absent. */
export function only(fields: FieldReader, field: string, values: readonly unknown[], part: string): void {
  const value = fields.raw[field];
  if (value != null && !values.includes(value))
    throw new FileFormatError(
      `${fields.file} has ${part} (${field} is ${quoted(value)}), which induction-lab does not run.`,
    );
}

type Rotary = Pick<ModelOptions, 'rotaryBase' | 'rotaryScaling'>;

/**
 * Base and scaling of rotary positions: `rope_theta` and `rope_scaling`, or both in `rope_parameters` (transformers 5).
 */
export function rotary(fields: FieldReader, { base = 'rope_theta' }: { base?: string } = {}): Rotary {
  const { raw, file } = fields;
  const field = raw.rope_parameters == null ? 'rope_scaling' : 'rope_parameters';
  const parameters = raw[field];
  if (parameters != null && (typeof parameters !== 'object' || Array.isArray(parameters)))
    throw fields.wrongType(field, 'an object');
  const inner = (parameters ?? {}) as Record<string, unknown>;
  const own = { ...fields.raw, ...inner };
  const reader = new FieldReader(own, file);
  const rotaryBase = reader.positiveNumber(inner.rope_theta == null ? base : 'rope_theta') ?? 10000;
  const type = inner.rope_type ?? inner.type ?? 'default';
  if (type === 'default') return { rotaryBase };
  if (type !== 'llama3')
    throw new FileFormatError(
      `${file} has ${quoted(type)} scaling of rotary positions (${field}), which induction-lab does not run.`,
    );
  const needed = (name: string): number => {
    const value = reader.positiveNumber(name);
    if (value === undefined) throw reader.wrongType(name, 'a positive number');
    return value;
  };
  const rotaryScaling: RotaryScaling = {
    factor: needed('factor'),
    lowFreqFactor: needed('low_freq_factor'),
    highFreqFactor: needed('high_freq_factor'),
    originalCtx: needed('original_max_position_embeddings'),
  };
  return { rotaryBase, rotaryScaling };
}
