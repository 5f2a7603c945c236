// What a model is. Every size may be arbitrary; padding to whole SIMD vectors is the memory plan's business.

import * as z from 'zod/mini';
import { LARGEST_MEMORY, sizeText } from '../engine/tensor.ts';
import { checkArgument } from '../errors/arguments.ts';
import { quoted } from '../errors/printable.ts';
import { POSITION_SCHEMES } from './components/positions/schemes.ts';

/**
 * `standard`: a learned table added to the embedding. `shortformer`: one learned table added to the inputs of Q and K
 * only, after the LayerNorm, in every layer, never to the residual stream. `rotary`: q and k rotated by position.
 * `sinusoidal`: standard with a fixed table of sines and cosines. `alibi`: scores fall with the distance, at a slope of each
 * head's own. `none`: no positions (the causal mask remains). Each is a file in components/positions/.
 */
export const POSITIONS = ['standard', 'shortformer', 'rotary', 'sinusoidal', 'alibi', 'none'] as const;
export type Positions = (typeof POSITIONS)[number];

/** An attention-only transformer with causal attention and, where `normalization` is `LN`, pre- and final LayerNorm. */
export interface ModelConfig {
  readonly nLayers: number;
  readonly nHeads: number;
  readonly dModel: number;
  /** Size of a head; nHeads × dHead need not equal dModel. */
  readonly dHead: number;
  /** Longest sequence. */
  readonly nCtx: number;
  readonly dVocab: number;
  readonly positions: Positions;
  readonly normalization: 'LN' | null;
  /** Biases of Q, K, V, O and the unembedding. */
  readonly biases: boolean;
  /** W_U is the transpose of W_E. */
  readonly tied: boolean;
  /** Added to the variance inside LayerNorm's root. */
  readonly eps: number;
  /** Attention scores are q·k divided by this. */
  readonly attnScale: number;
  /** Rotated dimensions of a head (rotary): even, at most dHead. */
  readonly rotaryDim: number;
  readonly rotaryBase: number;
  /** The token that every sequence of its training began with; absent where there was none (startToken.ts). */
  readonly bos?: number;
}

/** What must be said of a model; the rest has TransformerLens's defaults (and no biases). */
export type ModelOptions = Pick<ModelConfig, 'nLayers' | 'nHeads' | 'dModel' | 'dHead' | 'nCtx' | 'dVocab'> &
  Partial<ModelConfig>;

const SIZES = ['nLayers', 'nHeads', 'dModel', 'dHead', 'nCtx', 'dVocab'] as const;

/** The fields that there are; what TransformerLens's config has no name for, checkpoints hold under these. */
export const MODEL_FIELDS: readonly (keyof ModelConfig)[] = [
  ...SIZES,
  ...(['positions', 'tied', 'biases', 'normalization', 'eps', 'attnScale', 'rotaryDim', 'rotaryBase', 'bos'] as const),
];

/** Their values are looked at one by one, so that a message can say what a value is for. */
const Fields = z.strictObject(Object.fromEntries(MODEL_FIELDS.map((field) => [field, z.optional(z.unknown())])));

/**
 * A complete config with defaults filled in. Throws an ArgumentError for a field that there is none of, and a RangeError
 * that names the field, what it expects and what came.
 */
export function modelConfig(options: ModelOptions): ModelConfig {
  checkArgument('modelConfig', 'options', Fields, options);
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  const { dHead } = options;
  const config: ModelConfig = {
    positions: 'standard',
    normalization: 'LN',
    biases: false,
    tied: false,
    eps: 1e-5,
    attnScale: Math.sqrt(dHead),
    rotaryDim: dHead - (dHead % 2),
    rotaryBase: 10000,
    ...(given as unknown as ModelOptions),
  };
  const refuse = (field: keyof ModelConfig, expected: string): never => {
    throw new RangeError(`modelConfig: ${field} must be ${expected}, got ${quoted(config[field])}.`);
  };
  for (const field of SIZES)
    if (!wholeFrom(1, config[field], MOST[field])) refuse(field, `a whole number from 1 to ${MOST[field]}`);
  if (!POSITIONS.includes(config.positions)) refuse('positions', `one of ${POSITIONS.join(', ')}`);
  refuseHuge(config);
  if (config.normalization !== 'LN' && config.normalization !== null) refuse('normalization', '"LN" or null');
  for (const field of ['biases', 'tied'] as const)
    if (typeof config[field] !== 'boolean') refuse(field, 'true or false');
  for (const field of ['eps', 'attnScale', 'rotaryBase'] as const)
    if (!(config[field] > 0 && Number.isFinite(config[field]) && Number.isFinite(Math.fround(config[field]))))
      refuse(field, 'a positive number');
  const { rotaryDim } = config;
  if (config.positions === 'rotary' && !(wholeFrom(2, rotaryDim) && rotaryDim % 2 === 0 && rotaryDim <= dHead))
    refuse('rotaryDim', `even, from 2 to dHead (${dHead})`);
  if (!wholeFrom(0, rotaryDim)) refuse('rotaryDim', 'a whole number');
  if (config.bos !== undefined && !wholeFrom(0, config.bos, config.dVocab - 1))
    refuse('bos', `a token of the vocabulary, from 0 to ${config.dVocab - 1}`);
  return config;
}

const wholeFrom = (least: number, value: unknown, most = LARGEST_INDEX): boolean =>
  Number.isInteger(value) && (value as number) >= least && (value as number) <= most;

/** Kernels number rows with 32 bits; every layer and head is a piece of program of its own. */
const LARGEST_INDEX = 2 ** 31 - 1;
const MOST = {
  ...{ nLayers: 65536, nHeads: 65536 },
  ...{ dModel: LARGEST_INDEX, dHead: LARGEST_INDEX, nCtx: LARGEST_INDEX, dVocab: LARGEST_INDEX },
} as const;

/** Refuses sizes whose weights alone are more than any memory here holds: before anything of their size is made. */
function refuseHuge(config: ModelConfig): void {
  const { nLayers, nHeads, dModel, dHead, nCtx, dVocab, tied } = config;
  const rows = (tied ? 1 : 2) * dVocab + (POSITION_SCHEMES[config.positions].table ? nCtx : 0);
  const bytes = 4 * (rows * dModel + 4 * nLayers * nHeads * dModel * dHead);
  if (bytes <= LARGEST_MEMORY) return;
  const largest = (['dVocab', 'nCtx', 'dModel', 'dHead', 'nHeads', 'nLayers'] as const).reduce((a, b) =>
    config[b] > config[a] ? b : a,
  );
  throw new RangeError(
    `modelConfig: ${largest} (${config[largest]}) is too large beside the other sizes: the weights would take ${sizeText(bytes)}, and WebAssembly's memory ends at ${sizeText(LARGEST_MEMORY)}; make the model smaller.`,
  );
}
