// What a model is. Every size may be arbitrary; padding to whole SIMD vectors is the memory plan's business.

import * as z from 'zod/mini';
import { ACTIVATIONS, type Activation } from '../engine/activations.ts';
import { LARGEST_MEMORY, sizeText } from '../engine/tensor.ts';
import { checkArgument } from '../errors/arguments.ts';
import { quoted } from '../errors/printable.ts';
import { TooLargeError } from '../errors/tooLarge.ts';
import { POSITION_SCHEMES } from './components/positions/schemes.ts';

/**
 * `standard`: a learned table added to the embedding. `shortformer`: one learned table added to the inputs of Q and K
 * only, after the LayerNorm, in every layer, never to the residual stream. `rotary`: q and k rotated by position.
 * `sinusoidal`: standard with a fixed table of sines and cosines. `alibi`: scores fall with the distance, at a slope of each
 * head's own. `none`: no positions (the causal mask remains). Each is a file in components/positions/.
 */
export const POSITIONS = ['standard', 'shortformer', 'rotary', 'sinusoidal', 'alibi', 'none'] as const;
export type Positions = (typeof POSITIONS)[number];

/**
 * A transformer with causal attention and, where `normalization` says so, a LayerNorm (`LN`) or RMSNorm (`RMS`) before each part
 * and at the end. It is attention-only unless it has a `dMlp`. Fields that may be absent are absent where they would say nothing.
 */
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
  readonly normalization: 'LN' | 'RMS' | null;
  /** Biases of Q, K, V, O, of MLPs and of the unembedding. */
  readonly biases: boolean;
  /** W_U is the transpose of W_E. */
  readonly tied: boolean;
  /** Added to the variance inside LayerNorm's root, to the mean square inside RMSNorm's. */
  readonly eps: number;
  /** Attention scores are q·k divided by this. */
  readonly attnScale: number;
  /** Rotated dimensions of a head (rotary): even, at most dHead. */
  readonly rotaryDim: number;
  readonly rotaryBase: number;
  /** Pairs are neighbours, (2i, 2i + 1), in place of (i, i + rotaryDim / 2). */
  readonly rotaryAdjacentPairs?: boolean;
  readonly rotaryScaling?: RotaryScaling;
  /** Heads of keys and values, each shared by as many heads in a row: a divisor of nHeads. Absent where each head has its own. */
  readonly nKeyValueHeads?: number;
  /** Queries and keys go through an RMSNorm of their own, head by head, before positions turn them (Qwen 3). */
  readonly qkNorm?: boolean;
  /** Width of each layer's MLP; without it there are none. */
  readonly dMlp?: number;
  readonly actFn?: Activation;
  /** The MLP multiplies the activation of x W_gate with x W_in (SwiGLU, GEGLU). */
  readonly gatedMlp?: boolean;
  /** The MLP reads what attention reads, and both are added to the stream together (GPT-J, GPT-NeoX). */
  readonly parallelAttnMlp?: boolean;
  /** The token that every sequence of its training began with; absent where there was none (startToken.ts). */
  readonly bos?: number;
  /** What analyses begin their sequences with, in place of the start token alone: for a model that waits for it. */
  readonly opening?: readonly number[];
  /** Tokens that training never showed, in ascending order: no analysis draws them. */
  readonly untrained?: readonly number[];
}

/** How Llama 3 stretches rotary positions: components/positions/rotary.ts. */
export interface RotaryScaling {
  readonly factor: number;
  readonly lowFreqFactor: number;
  readonly highFreqFactor: number;
  /** Positions of the context before it was stretched. */
  readonly originalCtx: number;
}

/** What must be said of a model; the rest has TransformerLens's defaults (and no biases). */
export type ModelOptions = Pick<ModelConfig, 'nLayers' | 'nHeads' | 'dModel' | 'dHead' | 'nCtx' | 'dVocab'> &
  Partial<ModelConfig>;

const SIZES = ['nLayers', 'nHeads', 'dModel', 'dHead', 'nCtx', 'dVocab'] as const;

/** Fields that are left out where they say nothing. */
const PARTS = [
  ...(['rotaryAdjacentPairs', 'rotaryScaling', 'nKeyValueHeads', 'qkNorm'] as const),
  ...(['dMlp', 'actFn', 'gatedMlp', 'parallelAttnMlp'] as const),
] as const;

/** The fields that there are; what TransformerLens's config has no name for, checkpoints hold under these. */
export const MODEL_FIELDS: readonly (keyof ModelConfig)[] = [
  ...SIZES,
  ...(['positions', 'tied', 'biases', 'normalization', 'eps', 'attnScale', 'rotaryDim', 'rotaryBase', 'bos'] as const),
  ...(['opening', 'untrained'] as const),
  ...PARTS,
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
  if (!NORMALIZATIONS.includes(config.normalization)) refuse('normalization', '"LN", "RMS" or null');
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
  for (const field of ['opening', 'untrained'] as const)
    if (config[field] !== undefined && !areTokens(config[field], config))
      refuse(field, `a list of tokens of the vocabulary, from 0 to ${config.dVocab - 1}`);
  if ((config.opening?.length ?? 0) >= config.nCtx) refuse('opening', `shorter than the context (${config.nCtx})`);
  return withParts(config, refuse);
}

export const NORMALIZATIONS: readonly ModelConfig['normalization'][] = ['LN', 'RMS', null];

const SCALING = ['factor', 'lowFreqFactor', 'highFreqFactor', 'originalCtx'] as const;

/** The config with what is said of parts that a model may lack checked, and left out where it says nothing. */
function withParts(config: ModelConfig, refuse: (field: keyof ModelConfig, expected: string) => never): ModelConfig {
  const { nKeyValueHeads, dMlp, actFn, rotaryScaling, positions, nHeads } = config;
  for (const flag of ['rotaryAdjacentPairs', 'qkNorm', 'gatedMlp', 'parallelAttnMlp'] as const)
    if (config[flag] !== undefined && typeof config[flag] !== 'boolean') refuse(flag, 'true or false');
  if (nKeyValueHeads !== undefined && !(wholeFrom(1, nKeyValueHeads) && nHeads % nKeyValueHeads === 0))
    refuse('nKeyValueHeads', `a whole number that divides nHeads (${nHeads})`);
  if (dMlp !== undefined && !wholeFrom(1, dMlp)) refuse('dMlp', `a whole number from 1 to ${LARGEST_INDEX}`);
  for (const field of ['actFn', 'gatedMlp', 'parallelAttnMlp'] as const)
    if (dMlp === undefined && config[field]) refuse(field, 'left out of a model without MLPs (dMlp)');
  if (actFn !== undefined && !ACTIVATIONS.includes(actFn)) refuse('actFn', `one of ${ACTIVATIONS.join(', ')}`);
  for (const field of ['rotaryAdjacentPairs', 'rotaryScaling'] as const)
    if (positions !== 'rotary' && config[field]) refuse(field, 'left out of a model whose positions are not "rotary"');
  if (rotaryScaling !== undefined && !isScaling(rotaryScaling))
    refuse(
      'rotaryScaling',
      `{ ${SCALING.join(', ')} }, positive numbers, of which highFreqFactor is above lowFreqFactor`,
    );
  const complete: { -readonly [Field in keyof ModelConfig]: ModelConfig[Field] } = { ...config };
  if (dMlp !== undefined) complete.actFn = actFn ?? 'relu';
  if (nKeyValueHeads === nHeads) delete complete.nKeyValueHeads;
  for (const field of PARTS) if (!complete[field]) delete complete[field];
  return complete;
}

function isScaling(scaling: RotaryScaling): boolean {
  const { lowFreqFactor, highFreqFactor } = Object(scaling) as RotaryScaling;
  const positive = (value: unknown): boolean => typeof value === 'number' && value > 0 && Number.isFinite(value);
  const fields = Object.keys(Object(scaling) as object);
  return (
    fields.length === SCALING.length && SCALING.every((f) => positive(scaling[f])) && highFreqFactor > lowFreqFactor
  );
}

const areTokens = (tokens: unknown, { dVocab }: ModelConfig): boolean =>
  Array.isArray(tokens) && tokens.every((token) => wholeFrom(0, token, dVocab - 1));

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
  const { nLayers, nHeads, nKeyValueHeads = nHeads, dModel, dHead, nCtx, dVocab, dMlp = 0, gatedMlp, tied } = config;
  const rows = (tied ? 1 : 2) * dVocab + (POSITION_SCHEMES[config.positions].table ? nCtx : 0);
  const perLayer = 2 * (nHeads + nKeyValueHeads) * dHead + (gatedMlp ? 3 : 2) * dMlp;
  const bytes = 4 * dModel * (rows + nLayers * perLayer);
  if (bytes <= LARGEST_MEMORY) return;
  const largest = (['dVocab', 'nCtx', 'dModel', 'dHead', 'nHeads', 'nLayers', 'dMlp'] as const).reduce((a, b) =>
    (config[b] ?? 0) > (config[a] ?? 0) ? b : a,
  );
  throw new TooLargeError(
    `modelConfig: ${largest} (${config[largest]}) is too large beside the other sizes: the weights would take ${sizeText(bytes)}, and WebAssembly's memory ends at ${sizeText(LARGEST_MEMORY)}; make the model smaller.`,
    { bytes },
  );
}
