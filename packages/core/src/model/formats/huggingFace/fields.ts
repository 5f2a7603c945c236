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
  const value = fields.wholeNumber(found) as number;
  if (value < 1) throw fields.wrongType(found, 'a whole number of at least 1');
  return value;
}

/** Width, heads and the width of a head where that follows from the two. */
export function headSizes(
  fields: FieldReader,
  width: string,
  heads: string,
): Pick<ModelOptions, 'dModel' | 'nHeads' | 'dHead'> {
  const [dModel, nHeads] = [size(fields, width), size(fields, heads)];
  const dHead = dModel / nHeads;
  if (!Number.isInteger(dHead))
    throw new FileFormatError(
      `${fields.file}: the config is impossible: dHead must be a whole number, and ${width} (${dModel}) is no multiple of ${heads} (${nHeads}).`,
    );
  return { dModel, nHeads, dHead };
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
 * Base and scaling of rotary positions: `rope_theta` and `rope_scaling`, or both in `rope_parameters` (transformers 5). Where a config has
 * the two spellings, they have to agree.
 */
export function rotary(fields: FieldReader, { base = 'rope_theta' }: { base?: string } = {}): Rotary {
  const spellings = ['rope_parameters', 'rope_scaling'].filter((field) => fields.raw[field] != null);
  const [first, second] = (spellings.length === 0 ? ['rope_scaling'] : spellings).map((field) =>
    rotaryIn(fields, field, base),
  );
  if (second && !sameRotary(first as Rotary, second))
    throw new FileFormatError(
      `${fields.file} has rope_parameters and rope_scaling, which differ; take out the one that the model was not trained with.`,
    );
  return first as Rotary;
}

const sameRotary = (a: Rotary, b: Rotary): boolean => JSON.stringify(a) === JSON.stringify(b);

/** What one of the spellings says, with the base beside it. */
function rotaryIn(fields: FieldReader, field: string, base: string): Rotary {
  const { raw, file } = fields;
  const parameters = raw[field];
  if (parameters != null && (typeof parameters !== 'object' || Array.isArray(parameters)))
    throw fields.wrongType(field, 'an object');
  const inner = new FieldReader((parameters ?? {}) as Record<string, unknown>, file);
  const [inside, outside] = [inner.positiveNumber('rope_theta'), fields.positiveNumber(base)];
  if (inside !== undefined && outside !== undefined && inside !== outside)
    throw new FileFormatError(
      `${file}: ${base} is ${outside} and rope_theta in ${field} is ${inside}; take out the one that the model was not trained with.`,
    );
  const rotaryBase = inside ?? outside ?? 10000;
  const type = inner.raw.rope_type ?? inner.raw.type ?? 'default';
  if (type === 'default') return { rotaryBase };
  if (type !== 'llama3')
    throw new FileFormatError(
      `${file} has ${quoted(type)} scaling of rotary positions (${field}), which induction-lab does not run.`,
    );
  const needed = (name: string): number => {
    const value = inner.positiveNumber(name);
    if (value === undefined)
      throw new FileFormatError(`${file}: ${field} lacks ${name}, which llama3's scaling needs; add it.`);
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

/** The share of each head's dimensions that turn; undefined where the config does not say. */
export function turnedPart(fields: FieldReader, ...names: readonly string[]): number | undefined {
  const inner = new FieldReader(Object(fields.raw.rope_parameters) as Record<string, unknown>, fields.file);
  const share = [
    inner.positiveNumber('partial_rotary_factor'),
    ...names.map((name) => fields.positiveNumber(name)),
  ].find((value) => value !== undefined);
  if (share !== undefined && share > 1)
    throw new FileFormatError(`${fields.file}: ${share} of each head would turn by position, and all of it is 1.`);
  return share;
}
