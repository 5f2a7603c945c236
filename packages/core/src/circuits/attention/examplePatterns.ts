// Attention patterns of all heads on single sequences, for looking at.

import * as z from 'zod/mini';
import type { ModelConfig } from '../../model/config.ts';
import { allHeads, headLabel } from '../../model/heads.ts';
import type { Model } from '../../model/model.ts';
import { firstDrawn } from '../../model/startToken.ts';
import { checkConfig, checkModel, checkOptions, checkPeriods, seedSchema } from '../checks.ts';
import { controlProbe, repeatedProbe } from '../data/probes.ts';
import { checkLosses, checkNumbers } from '../finite.ts';
import { asAnalysed } from '../lengths.ts';

/** A sequence and every head's pattern on it. */
export interface ExamplePatterns {
  /** The sequence, a token for each position. */
  readonly tokens: readonly number[];
  /** Period of the block at the start (behind a start token, if the model has one), two copies; 0 without a repeat. */
  readonly period: number;
  /** Position of the block: 1 behind a start token, else 0. */
  readonly start: number;
  /** Every head with its pattern, layer by layer. */
  readonly heads: readonly {
    readonly label: string;
    /** [queryPos, keyPos], row-major. */
    readonly pattern: Float32Array;
  }[];
}

const optionsSchema = z.strictObject({ period: z.int().check(z.gte(0)), seed: z.optional(seedSchema) });

/**
 * One sequence of the whole context (of its first 2048 tokens where it is longer), the model's start token in front: two copies of a block of `period`
 * tokens, then tokens that repeat nothing as long as the vocabulary has any; with period 0 no repeat at all. Throws an
 * ArgumentError when two copies do not fit.
 * @param options.seed Seed of the sequence.
 */
export function exampleTokens(config: ModelConfig, options: { period: number; seed?: number }): number[] {
  checkConfig('exampleTokens', config);
  checkOptions('exampleTokens', optionsSchema, options);
  const { period, seed = 0 } = options;
  const probe = { config: asAnalysed(config), count: 1, seed };
  const tokens = [...(controlProbe(probe)[0] as Int32Array)];
  if (period > 0) {
    checkPeriods('exampleTokens', [period], { config: probe.config, least: 1 });
    const repeated = repeatedProbe(probe, period)[0] as Int32Array;
    const used = new Set(repeated);
    const rest = tokens.filter((t) => !used.has(t));
    tokens.splice(0, tokens.length, ...repeated, ...rest, ...tokens.slice(firstDrawn(config)));
    tokens.length = probe.config.nCtx;
  }
  return tokens;
}

/**
 * Every head's pattern on `exampleTokens`. Throws a NotFiniteError when a loss or a pattern is not finite.
 * @param options.period Length of the block, in tokens; 0 for no repeat.
 * @param options.seed Seed of the sequence.
 */
export function examplePatterns(model: Model, options: { period: number; seed?: number }): ExamplePatterns {
  checkModel('examplePatterns', model);
  const { config } = model;
  const tokens = exampleTokens(config, options);
  const run = model.runWithCache([tokens], { names: 'blocks.*.attn.hook_pattern' });
  checkLosses(model, run, { tokens: [tokens] });
  const cells = tokens.length ** 2;
  const heads = allHeads(config).map(({ layer, head }) => {
    const { data } = run.cache.get(`blocks.${layer}.attn.hook_pattern`);
    const label = headLabel(layer, head);
    const pattern = Float32Array.from(data.subarray(head * cells, (head + 1) * cells));
    checkNumbers(`the attention pattern of ${label} holds`, pattern);
    return { label, pattern };
  });
  return { tokens, period: options.period, start: firstDrawn(config), heads };
}
