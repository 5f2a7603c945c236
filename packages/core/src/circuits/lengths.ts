// How long the sequences and blocks are that a model is analysed on.
import type { ModelConfig } from '../model/config.ts';
import { drawnVocabulary, firstDrawn } from '../model/startToken.ts';
import { longestRunnable } from '../model/workspace.ts';

/** Raised where a model's context or vocabulary is too small for a question; nothing is wrong with the model. */
export class TooSmallError extends Error {}

/** Longer contexts are analysed at this length: patterns and time grow with its square. */
export const LONGEST_ANALYSED = 2048;

/** Sequences that must fit memory together: an intervention by the mean looks at three at least. */
const TOGETHER = 3;

/** Floats of activations that fit any memory: below them nothing need be laid out to know. */
const SURELY_FIT = 2 ** 26;

/** Lengths found for configs, by what they depend on: laying out a large model takes a moment. */
const found = new Map<string, number>();

/**
 * The length at which a model is analysed, in tokens: its context, unless that is above 2048 or three sequences with all
 * patterns, per-head inputs, results and gradients do not fit memory. The records say which length it was.
 * @returns Tokens.
 */
export function analysedLength(config: ModelConfig): number {
  const { nCtx, nLayers, nHeads, dModel, dHead, dVocab, dMlp = 0 } = config;
  const length = Math.min(nCtx, LONGEST_ANALYSED);
  const perToken =
    nLayers * (4 * nHeads * length + 16 * nHeads * Math.max(dModel, dHead) + 16 * dModel + 6 * dMlp) + 4 * dVocab;
  if (TOGETHER * length * perToken < SURELY_FIT) return length;
  const { opening: _, untrained: __, ...laidOut } = config;
  const key = JSON.stringify(laidOut);
  const fitting =
    found.get(key) ?? longestRunnable({ ...config, nCtx: length }, { sequences: TOGETHER, everything: true });
  found.set(key, fitting);
  return Math.max(1, fitting);
}

/** The same model with its context shortened to the analysed length: what probes are drawn for. */
export const asAnalysed = (config: ModelConfig): ModelConfig => ({ ...config, nCtx: analysedLength(config) });

/**
 * The longest block of which two copies fit the context.
 * @returns Tokens.
 */
export const longestPeriod = (config: ModelConfig): number => Math.floor((config.nCtx - firstDrawn(config)) / 2);

/**
 * The longest block that is probed: two copies fit the analysed length, and all of its tokens can differ. With a token
 * twice in a block its successor is ambiguous, and the best matcher of single tokens must fail.
 */
export const longestDistinctPeriod = (config: ModelConfig): number =>
  Math.min(longestPeriod(asAnalysed(config)), drawnVocabulary(config));
