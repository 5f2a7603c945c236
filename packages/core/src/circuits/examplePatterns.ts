// Attention patterns of all heads on single sequences, for looking at.
import { headLabel, type ModelConfig } from '../model/config.ts';
import { allHeads } from '../model/interventions.ts';
import type { Model } from '../model/model.ts';
import { controlProbe, repeatedProbe } from './probes.ts';

export interface ExamplePatterns {
  readonly tokens: readonly number[];
  /** Period of the block at the start, two copies; 0 without a repeat. */
  readonly period: number;
  readonly heads: readonly {
    readonly label: string;
    /** [queryPos, keyPos], row-major. */
    readonly pattern: Float32Array;
  }[];
}

/** One sequence of the whole context: two copies of a block of `period` tokens, then tokens that repeat nothing; with period 0 no repeat at all. */
export function exampleTokens(config: ModelConfig, options: { period: number; seed?: number }): number[] {
  const probe = { config, count: 1, seed: options.seed ?? 0 };
  const tokens = [...(controlProbe(probe)[0] as Int32Array)];
  if (options.period > 0) {
    const repeated = repeatedProbe(probe, options.period)[0] as Int32Array;
    const used = new Set(repeated);
    const rest = tokens.filter((t) => !used.has(t));
    tokens.splice(0, tokens.length, ...repeated, ...rest, ...tokens);
    tokens.length = config.nCtx;
  }
  return tokens;
}

/** Every head's pattern on `exampleTokens`. */
export function examplePatterns(model: Model, options: { period: number; seed?: number }): ExamplePatterns {
  const { config } = model;
  const tokens = exampleTokens(config, options);
  const { cache } = model.runWithCache([tokens], { names: 'blocks.*.attn.hook_pattern' });
  const cells = config.nCtx ** 2;
  const heads = allHeads(config).map(({ layer, head }) => {
    const { data } = cache.get(`blocks.${layer}.attn.hook_pattern`);
    return {
      label: headLabel(layer, head),
      pattern: Float32Array.from(data.subarray(head * cells, (head + 1) * cells)),
    };
  });
  return { tokens, period: options.period, heads };
}
