// What a model is. Every size may be arbitrary; padding to whole SIMD vectors is the memory plan's business.

/**
 * `standard`: a learned table added to the embedding. `shortformer`: one learned table added to the inputs of Q and K
 * only, after the LayerNorm, in every layer, never to the residual stream. `rotary`: q and k rotated by position.
 * `sinusoidal`: standard with a fixed table of sines and cosines. `none`: no positions (the causal mask remains).
 */
export type Positions = 'standard' | 'shortformer' | 'rotary' | 'sinusoidal' | 'none';

export const POSITIONS: readonly Positions[] = ['standard', 'shortformer', 'rotary', 'sinusoidal', 'none'];

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
}

/** What must be said of a model; the rest has TransformerLens's defaults (and no biases). */
export type ModelOptions = Pick<ModelConfig, 'nLayers' | 'nHeads' | 'dModel' | 'dHead' | 'nCtx' | 'dVocab'> &
  Partial<ModelConfig>;

/** A complete config with defaults filled in. Throws a RangeError that names the field, what it expects and what came. */
export function modelConfig(options: ModelOptions): ModelConfig {
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
    ...options,
  };
  for (const field of ['nLayers', 'nHeads', 'dModel', 'dHead', 'nCtx', 'dVocab'] as const) {
    const value = config[field];
    if (!Number.isInteger(value) || value < 1 || value > 65536)
      throw new RangeError(`modelConfig: ${field} must be a whole number from 1 to 65536, got ${value}.`);
  }
  if (!POSITIONS.includes(config.positions))
    throw new RangeError(`modelConfig: positions must be one of ${POSITIONS.join(', ')}, got ${config.positions}.`);
  if (config.normalization !== 'LN' && config.normalization !== null)
    throw new RangeError(`modelConfig: normalization must be "LN" or null, got ${config.normalization}.`);
  for (const field of ['eps', 'attnScale', 'rotaryBase'] as const)
    if (!(config[field] > 0 && Number.isFinite(config[field])))
      throw new RangeError(`modelConfig: ${field} must be a positive number, got ${config[field]}.`);
  if (config.positions === 'rotary') {
    const { rotaryDim } = config;
    if (!Number.isInteger(rotaryDim) || rotaryDim < 2 || rotaryDim % 2 !== 0 || rotaryDim > dHead)
      throw new RangeError(`modelConfig: rotaryDim must be even, from 2 to dHead (${dHead}), got ${rotaryDim}.`);
  }
  return config;
}

/** Whether the rows of W_pos are learned; those of `sinusoidal` and `none` are fixed, and `rotary` has none. */
export const learnsPositions = (config: ModelConfig): boolean =>
  config.positions === 'standard' || config.positions === 'shortformer';

/** A head's name as everybody writes it: L0H3. */
export const headLabel = (layer: number, head: number): string => `L${layer}H${head}`;
