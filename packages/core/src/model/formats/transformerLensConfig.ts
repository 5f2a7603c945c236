// TransformerLens's config, read and written. Reading refuses by name every field that would change the computation in a
// way that we do not run, every field that is not known to be harmless, and every value of another type than it has there.
import { nearest } from '../../errors/names.ts';
import { printable, quoted } from '../../errors/printable.ts';
import { MODEL_FIELDS, type ModelConfig, modelConfig, POSITIONS } from '../config.ts';
import { FileFormatError } from './fileFormatError.ts';
import type { Spelling } from './spellings.ts';
import { FOREIGN_PARTS, isForeignArchitecture, KNOWN_FIELDS } from './transformerLensFields.ts';

const SIZES = {
  nLayers: 'n_layers',
  nHeads: 'n_heads',
  dModel: 'd_model',
  dHead: 'd_head',
  nCtx: 'n_ctx',
  dVocab: 'd_vocab',
} as const;

/** The config with TransformerLens's field names. Positions that it lacks are `standard` there (see ownFields). */
export function toTransformerLensConfig(config: ModelConfig): Record<string, unknown> {
  const { positions } = config;
  return {
    n_layers: config.nLayers,
    n_heads: config.nHeads,
    d_model: config.dModel,
    d_head: config.dHead,
    n_ctx: config.nCtx,
    d_vocab: config.dVocab,
    d_vocab_out: config.dVocab,
    attn_only: true,
    act_fn: null,
    eps: config.eps,
    normalization_type: config.normalization,
    positional_embedding_type: spokenPositions(positions),
    use_attn_scale: true,
    attn_scale: config.attnScale,
    attention_dir: 'causal',
    default_prepend_bos: config.bos !== undefined,
    ...(positions === 'rotary' ? { rotary_dim: config.rotaryDim, rotary_base: config.rotaryBase } : {}),
  };
}

const spokenPositions = (positions: ModelConfig['positions']): string =>
  positions === 'sinusoidal' || positions === 'none' ? 'standard' : positions;

/** The fields that TransformerLens's config has names for. */
type Spoken = keyof typeof SIZES | 'normalization' | 'eps' | 'attnScale' | 'rotaryDim' | 'rotaryBase';

const isSpoken = (field: keyof ModelConfig): field is Spoken =>
  field in SIZES || ['normalization', 'eps', 'attnScale', 'rotaryDim', 'rotaryBase'].includes(field);

/** What TransformerLens's config cannot say: fixed positions, a tied unembedding, the start token, whatever it has no name for. */
export type OwnFields = Partial<Omit<ModelConfig, Spoken>>;

const OWN_FIELDS: ReadonlySet<string> = new Set(MODEL_FIELDS.filter((field) => !isSpoken(field)));

/** OwnFields as they stand in a file's metadata. */
export const ownFields = (config: ModelConfig): string =>
  JSON.stringify(Object.fromEntries(MODEL_FIELDS.filter((f) => OWN_FIELDS.has(f)).map((f) => [f, config[f]])));

/** Reads OwnFields; a file without them is like any foreign file. Throws a FileFormatError when they are malformed. */
export function parseOwnFields(text: string | undefined, file: string): OwnFields {
  if (text === undefined) return {};
  const refuse = (): never => {
    throw new FileFormatError(
      `${printable(file)}: its metadata induction_lab must hold positions (${POSITIONS.join(', ')}), tied and biases (true or false) and, if any, bos (a token), got ${quoted(text)}; remove it or correct it.`,
    );
  };
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return refuse();
  }
  if (!isObject(json)) return refuse();
  const { positions, tied, biases, bos } = json;
  const isFlag = (value: unknown): boolean => value === undefined || typeof value === 'boolean';
  if (!Object.keys(json).every((field) => OWN_FIELDS.has(field)) || !isFlag(tied) || !isFlag(biases)) return refuse();
  if (positions !== undefined && !POSITIONS.includes(positions as ModelConfig['positions'])) return refuse();
  if (bos !== undefined && !(Number.isInteger(bos) && (bos as number) >= 0)) return refuse();
  return json as OwnFields;
}

/** Of the file beside its config: what a config leaves to be seen there. */
export interface FileFacts {
  readonly file: string;
  /** Whose names its tensors have. */
  readonly spelling: Spelling;
  /** In legacy names. */
  readonly hasBiases: boolean;
  readonly hasLayerNorm: boolean;
  readonly own: OwnFields;
  /** Whether the config was given beside the file, so that what the file says of itself may be about another one. */
  readonly replaced: boolean;
}

type RawConfig = Readonly<Record<string, unknown>>;

/** Our config of a model, and whether its LayerNorms' gains were folded away (LNPre). Throws a FileFormatError. */
export function readTransformerLensConfig(
  raw: unknown,
  facts: FileFacts,
): { readonly config: ModelConfig; readonly folded: boolean } {
  const { own, replaced } = facts;
  const file = printable(facts.file);
  if (!isObject(raw))
    throw new FileFormatError(`${file}: its config must be a JSON object with TransformerLens's field names.`);
  refuseUnknownFields(raw, file);
  refuseForeignParts(raw, file);
  const size = Object.fromEntries(
    Object.entries(SIZES).map(([ours, theirs]) => [ours, wholeNumber(raw, theirs, file)]),
  ) as Record<keyof typeof SIZES, number>;
  const positional = readPositions(raw, facts);
  const { normalization, folded } = readNormalization(raw, facts);
  refuseOwnWays(raw, size, file);
  const fixed = own.positions === 'sinusoidal' || own.positions === 'none' ? own.positions : undefined;
  if (own.positions !== undefined && spokenPositions(own.positions) !== positional && !replaced)
    throw new FileFormatError(
      `${file} says "${own.positions}" positions in its metadata induction_lab and "${positional}" in its config; correct one of them.`,
    );
  const number = (field: string): number | undefined => positiveNumber(raw, field, file);
  const attnScale = readAttentionScale(raw, facts);
  const eps = number('eps');
  const rotaryBase = number('rotary_base');
  const rotaryDim = raw.rotary_dim == null ? undefined : wholeNumber(raw, 'rotary_dim', file);
  try {
    const config = modelConfig({
      ...own,
      ...size,
      positions: (positional === 'standard' && fixed ? fixed : positional) as ModelConfig['positions'],
      normalization,
      biases: own.biases ?? facts.hasBiases,
      tied: own.tied ?? false,
      ...(eps === undefined ? {} : { eps }),
      ...(attnScale === undefined ? {} : { attnScale }),
      ...(rotaryDim === undefined ? {} : { rotaryDim }),
      ...(rotaryBase === undefined ? {} : { rotaryBase }),
    });
    return { config, folded };
  } catch (error) {
    throw new FileFormatError(`${file}: its config is impossible: ${(error as Error).message.replace(/^\w+: /, '')}`);
  }
}

function refuseUnknownFields(raw: RawConfig, file: string): void {
  const unknown = Object.keys(raw).filter((field) => !KNOWN_FIELDS.has(field));
  const [first] = unknown;
  if (first === undefined) return;
  const more = unknown.length > 1 ? ` (and ${(unknown.length - 1).toLocaleString('en')} more)` : '';
  throw new FileFormatError(
    `${file}: its config has the field ${quoted(first)}${more}, which induction-lab does not know and which may change what the model computes; the nearest known field is ${nearest(first, [...KNOWN_FIELDS], 1)[0]}: correct it, or leave it out if it changes nothing.`,
  );
}

const refusal = (file: string, part: string): FileFormatError =>
  new FileFormatError(`${file} has ${part}, which induction-lab does not run.`);

function refuseForeignParts(raw: RawConfig, file: string): void {
  if (raw.attn_only === false) throw refusal(file, 'MLPs (attn_only is false)');
  if (raw.attn_only != null && raw.attn_only !== true) throw wrongType(raw, 'attn_only', 'true', file);
  for (const { field, harmless, part } of FOREIGN_PARTS)
    if (raw[field] != null && !harmless(raw[field])) throw refusal(file, `${part} (${field} is ${quoted(raw[field])})`);
  if (isForeignArchitecture(raw.original_architecture))
    throw refusal(file, `normalised queries and keys (original_architecture is ${quoted(raw.original_architecture)})`);
}

/** What depends on a size: an output vocabulary and key-value heads of their own. */
function refuseOwnWays(raw: RawConfig, size: { nHeads: number; dVocab: number }, file: string): void {
  if (raw.n_key_value_heads != null && wholeNumber(raw, 'n_key_value_heads', file) !== size.nHeads)
    throw refusal(file, `grouped keys and values (n_key_value_heads is ${quoted(raw.n_key_value_heads)})`);
  if (raw.d_vocab_out == null || raw.d_vocab_out === -1) return;
  if (wholeNumber(raw, 'd_vocab_out', file) !== size.dVocab)
    throw refusal(file, `an output vocabulary of its own (d_vocab_out is ${quoted(raw.d_vocab_out)})`);
}

function readPositions(raw: RawConfig, { file, spelling }: FileFacts): string {
  const positional = raw.positional_embedding_type ?? 'standard';
  if (!['standard', 'shortformer', 'rotary', 'alibi'].includes(positional as string))
    throw refusal(printable(file), `${quoted(positional)} positions (positional_embedding_type)`);
  if (positional === 'rotary' && spelling !== 'legacy')
    throw refusal(
      printable(file),
      'rotary positions under the names of TransformerLens 4 (it rotates adjacent pairs, whatever rotary_adjacent_pairs says)',
    );
  if (positional === 'alibi' && spelling !== 'legacy')
    throw refusal(
      printable(file),
      'ALiBi positions under the names of TransformerLens 4 (what it computes for them has not been compared)',
    );
  return positional as string;
}

function readNormalization(
  raw: RawConfig,
  { file, hasLayerNorm }: FileFacts,
): { normalization: 'LN' | null; folded: boolean } {
  const type = raw.normalization_type;
  const name = printable(file);
  if (type === 'RMS' || type === 'RMSPre') throw refusal(name, `RMSNorm (normalization_type "${type}")`);
  if (type === 'LNPre') {
    if (hasLayerNorm)
      throw new FileFormatError(
        `${name} has gains and shifts of LayerNorms, but its config says that they were folded away (normalization_type "LNPre"); say "LN", or remove the tensors if they were folded.`,
      );
    return { normalization: 'LN', folded: true };
  }
  if (type !== undefined && type !== null && type !== 'LN')
    throw refusal(name, `the unknown normalization_type ${quoted(type)}`);
  // A config that does not say: TransformerLens's default has gains, so the tensors tell.
  return { normalization: type === 'LN' || (type === undefined && hasLayerNorm) ? 'LN' : null, folded: false };
}

/** What q·k is divided by; undefined where it is the default, the root of d_head. */
function readAttentionScale(raw: RawConfig, { file, spelling }: FileFacts): number | undefined {
  const { use_attn_scale: on, attn_scale: scale } = raw;
  if (on != null && typeof on !== 'boolean') throw wrongType(raw, 'use_attn_scale', 'true or false', printable(file));
  const given = scale === -1 ? undefined : positiveNumber(raw, 'attn_scale', printable(file));
  if (on === false) return spelling === 'legacy' ? 1 : undefined; // TransformerLens 4 divides by the root all the same
  return given;
}

function wholeNumber(raw: RawConfig, field: string, file: string): number {
  const value = raw[field];
  if (typeof value !== 'number' || !Number.isInteger(value)) throw wrongType(raw, field, 'a whole number', file);
  return value;
}

function positiveNumber(raw: RawConfig, field: string, file: string): number | undefined {
  const value = raw[field];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'number' || !Number.isFinite(value) || value <= 0)
    throw wrongType(raw, field, 'a positive number', file);
  return value;
}

function wrongType(raw: RawConfig, field: string, expected: string, file: string): FileFormatError {
  const value = raw[field];
  const remedy =
    typeof value === 'string' && value.trim() !== '' && !Number.isNaN(Number(value))
      ? '; write it without quotation marks'
      : '';
  return new FileFormatError(`${file}: its config needs ${expected} as ${field}, got ${quoted(value)}${remedy}.`);
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
