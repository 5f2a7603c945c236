// TransformerLens's config, read and written. Reading refuses by name every field that would change the computation in a
// way that we do not run, every field that is not known to be harmless, and every value of another type than it has there.
import { nearest } from '../../errors/names.ts';
import { printable, quoted } from '../../errors/printable.ts';
import { type ModelConfig, modelConfig, POSITIONS } from '../config.ts';
import { FieldReader, type RawConfig } from './configFields.ts';
import { FileFormatError } from './fileFormatError.ts';
import type { Spelling } from './spellings.ts';
import { FOREIGN_PARTS, isForeignArchitecture, KNOWN_FIELDS } from './transformerLensFields.ts';
import { readTransformerLensParts, toTransformerLensParts } from './transformerLensParts.ts';

const SIZES = {
  nLayers: 'n_layers',
  nHeads: 'n_heads',
  dModel: 'd_model',
  dHead: 'd_head',
  nCtx: 'n_ctx',
  dVocab: 'd_vocab',
} as const;

/**
 * The config with TransformerLens's field names. Positions that it lacks are `standard` there (see ownFields).
 * @returns The fields of a HookedTransformerConfig, by their names there.
 */
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
    ...toTransformerLensParts(config),
  };
}

const spokenPositions = (positions: ModelConfig['positions']): string =>
  positions === 'sinusoidal' || positions === 'none' ? 'standard' : positions;

/** What TransformerLens's config cannot say: fixed positions, a tied unembedding, biases that are not there, the start token. */
export type OwnFields = Partial<Pick<ModelConfig, 'positions' | 'tied' | 'biases' | 'bos'>>;

const OWN_FIELDS: readonly (keyof OwnFields)[] = ['positions', 'tied', 'biases', 'bos'];

/** OwnFields as they stand in a file's metadata. */
export const ownFields = (config: ModelConfig): string =>
  JSON.stringify(Object.fromEntries(OWN_FIELDS.map((field) => [field, config[field]])));

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
  if (!Object.keys(json).every((field) => OWN_FIELDS.some((own) => own === field)) || !isFlag(tied) || !isFlag(biases))
    return refuse();
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
  readonly hasMlp: boolean;
  readonly own: OwnFields;
  /** Whether the config was given beside the file, so that what the file says of itself may be about another one. */
  readonly replaced: boolean;
}

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
  const reader = new FieldReader(raw, file);
  const size = Object.fromEntries(
    Object.entries(SIZES).map(([ours, theirs]) => [ours, needed(reader, theirs)]),
  ) as Record<keyof typeof SIZES, number>;
  const positional = readPositions(raw, facts);
  const { normalization, folded } = readNormalization(raw, facts);
  refuseOwnVocabulary(reader, size.dVocab);
  const fixed = own.positions === 'sinusoidal' || own.positions === 'none' ? own.positions : undefined;
  if (own.positions !== undefined && spokenPositions(own.positions) !== positional && !replaced)
    throw new FileFormatError(
      `${file} says "${own.positions}" positions in its metadata induction_lab and "${positional}" in its config; correct one of them.`,
    );
  const attnScale = readAttentionScale(reader, facts);
  const eps = reader.positiveNumber('eps');
  const rotaryBase = reader.positiveNumber('rotary_base');
  const rotaryDim = reader.wholeNumber('rotary_dim');
  const { hasMlp } = facts;
  const parts = readTransformerLensParts(reader, { dModel: size.dModel, hasMlp, rotary: positional === 'rotary' });
  refuseUnnamed(parts, facts);
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
      ...parts,
      ...(positional === 'rotary' && facts.spelling !== 'legacy' ? { rotaryAdjacentPairs: true } : {}),
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
  for (const { field, harmless, part } of FOREIGN_PARTS)
    if (raw[field] != null && !harmless(raw[field], raw))
      throw refusal(file, `${part} (${field} is ${quoted(raw[field])})`);
  if (isForeignArchitecture(raw.original_architecture))
    throw refusal(file, `normalised queries and keys (original_architecture is ${quoted(raw.original_architecture)})`);
}

function refuseOwnVocabulary(reader: FieldReader, dVocab: number): void {
  const size = reader.wholeNumber('d_vocab_out');
  if (size !== undefined && size !== -1 && size !== dVocab)
    throw refusal(reader.file, `an output vocabulary of its own (d_vocab_out is ${quoted(size)})`);
}

/** What TransformerLens 4 leaves out of its own models, whatever the config says, or has no names for. */
function refuseUnnamed(
  { qkNorm, parallelAttnMlp, rotaryScaling }: Partial<ModelConfig>,
  { file, spelling }: FileFacts,
): void {
  if (spelling === 'legacy') return;
  const part = Object.entries({
    'normalised queries and keys': qkNorm,
    'attention and MLP side by side': parallelAttnMlp,
    'rotary positions scaled by parts': rotaryScaling,
  }).find(([, there]) => there)?.[0];
  if (part) throw refusal(printable(file), `${part} under the names of TransformerLens 4, whose own models have none`);
}

function readPositions(raw: RawConfig, { file, spelling }: FileFacts): string {
  const positional = raw.positional_embedding_type ?? 'standard';
  if (!['standard', 'shortformer', 'rotary', 'alibi'].includes(positional as string))
    throw refusal(printable(file), `${quoted(positional)} positions (positional_embedding_type)`);
  if (spelling === 'legacy') return positional as string;
  if (positional === 'rotary' && (raw.architecture ?? OWN_ARCHITECTURE) !== OWN_ARCHITECTURE)
    throw new FileFormatError(
      `${printable(file)} has the rotary positions of ${quoted(raw.architecture)} under the names of TransformerLens 4's bridge, which do not say how its pairs lie; save the model that the bridge was made from with save_pretrained, and name that folder.`,
    );
  if (positional === 'alibi' || positional === 'shortformer')
    throw refusal(
      printable(file),
      `${positional} positions under the names of TransformerLens 4, whose own models have none`,
    );
  return positional as string;
}

/** Of models that TransformerLens 4 makes itself. Their rotary pairs are neighbours, whatever rotary_adjacent_pairs says. */
const OWN_ARCHITECTURE = 'TransformerLensNative';

function readNormalization(
  raw: RawConfig,
  { file, hasLayerNorm }: FileFacts,
): { normalization: ModelConfig['normalization']; folded: boolean } {
  const type = raw.normalization_type;
  const name = printable(file);
  if (type === 'LNPre' || type === 'RMSPre') {
    const whole = type === 'LNPre' ? 'LN' : 'RMS';
    if (hasLayerNorm)
      throw new FileFormatError(
        `${name} has gains and shifts of LayerNorms, but its config says that they were folded away (normalization_type "${type}"); say "${whole}", or remove the tensors if they were folded.`,
      );
    return { normalization: whole, folded: true };
  }
  if (type === 'RMS') return { normalization: 'RMS', folded: false };
  if (type !== undefined && type !== null && type !== 'LN')
    throw refusal(name, `the unknown normalization_type ${quoted(type)}`);
  // A config that does not say: TransformerLens's default has gains, so the tensors tell.
  return { normalization: type === 'LN' || (type === undefined && hasLayerNorm) ? 'LN' : null, folded: false };
}

/** What q·k is divided by; undefined where it is the default, the root of d_head. */
function readAttentionScale(reader: FieldReader, { spelling }: FileFacts): number | undefined {
  const on = reader.flag('use_attn_scale');
  const given = reader.raw.attn_scale === -1 ? undefined : reader.positiveNumber('attn_scale');
  if (on === false) return spelling === 'legacy' ? 1 : undefined; // TransformerLens 4 divides by the root all the same
  return given;
}

/** A size: it must be there. */
function needed(reader: FieldReader, field: string): number {
  const value = reader.wholeNumber(field);
  if (value === undefined) throw reader.wrongType(field, 'a whole number');
  return value;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
