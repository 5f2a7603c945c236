// How long the sequences and blocks are that a model is analysed on.
import type { ModelConfig } from '../model/config.ts';

/** Raised where a model's context or vocabulary is too small for a question; nothing is wrong with the model. */
export class TooSmallError extends Error {}

/** Longer contexts are analysed at this length: patterns and time grow with its square. */
export const LONGEST_ANALYSED = 2048;

/** Floats of one sequence's patterns, all heads, and of its logits: 1 GiB and half of that. */
const PATTERNS = 2 ** 28;
const LOGITS = 2 ** 27;

/**
 * The length at which a model is analysed, in tokens: its context, unless that is above 2048, or one sequence's patterns
 * of all heads are above 1 GiB or its logits above half of that. The records say which length it was.
 */
export const analysedLength = ({ nCtx, nLayers, nHeads, dVocab }: ModelConfig): number =>
  Math.min(
    nCtx,
    LONGEST_ANALYSED,
    Math.max(1, Math.floor(Math.sqrt(PATTERNS / (nLayers * nHeads)))),
    Math.max(1, Math.floor(LOGITS / dVocab)),
  );

/** The same model with its context cut to the analysed length: what probes are drawn for. */
export const asAnalysed = (config: ModelConfig): ModelConfig => ({ ...config, nCtx: analysedLength(config) });

/** The longest block of which two copies fit the context. */
export const longestPeriod = ({ nCtx }: ModelConfig): number => Math.floor(nCtx / 2);

/**
 * The longest block that is probed: two copies fit the analysed length, and all of its tokens can differ. With a token
 * twice in a block its successor is ambiguous, and the best matcher of single tokens must fail.
 */
export const longestDistinctPeriod = (config: ModelConfig): number =>
  Math.min(longestPeriod(asAnalysed(config)), config.dVocab);
