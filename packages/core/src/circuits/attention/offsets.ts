// Positional offsets: how much a head attends a fixed distance back where nothing repeats.
import type { ModelConfig } from '../../model/config.ts';
import { firstDrawn } from '../../model/startToken.ts';
import type { PatternVisit } from '../data/patternRuns.ts';
import { type Estimate, estimate } from '../statistics/estimate.ts';
import { meanOfMeasured } from '../statistics/missing.ts';
import type { ContentFreeMean } from './contentFree.ts';
import { type Line, uniformAlong } from './line.ts';

/** The offset with the largest attention above chance; NaN where two positions back is more than half the context. */
export interface PositionalOffset {
  /** How many positions it looks back. */
  readonly offset: number;
  readonly estimate: Estimate;
  /** How far its mean share of attention lies above chance. */
  readonly aboveChance: number;
}

/** Attention at every offset d = 0 … T/2, head by head, as it is gathered from the patterns of a control. */
export interface Offsets {
  add(visit: PatternVisit, tokens: Int32Array): void;
  /** Mean of pattern[q, q − d] minus chance, for d = 0, 1, … T/2. */
  aboveChance(head: number): number[];
  /** The best d ≥ 2. */
  best(head: number): PositionalOffset;
}

/** Gathers offsets from the patterns of so many sequences, by the mean over the cells that count. */
export function gatherOffsets(
  config: ModelConfig,
  { count, along }: { count: number; along: ContentFreeMean },
): Offsets {
  const { nCtx, nLayers, nHeads } = config;
  const start = firstDrawn(config);
  const longest = Math.floor((nCtx - start) / 2);
  const lines = Array.from(
    { length: longest + 1 },
    (_, d): Line => ({ from: start + Math.max(d, 1), to: nCtx - 1, key: (q) => q - d }),
  );
  const values = Array.from({ length: nLayers * nHeads }, () => lines.map(() => new Float64Array(count)));
  const aboveChance = (head: number): number[] =>
    values[head]!.map((row, d) => {
      const chance = uniformAlong(lines[d] as Line);
      return meanOfMeasured(row, chance) - chance;
    });
  return {
    add: ({ head, sequence, attention }, tokens) => {
      lines.forEach((line, d) => {
        values[head]![d]![sequence] = along(attention, tokens, line);
      });
    },
    aboveChance,
    best: (head) => {
      const above = aboveChance(head);
      if (longest < 2) return { offset: Number.NaN, estimate: estimate([]), aboveChance: Number.NaN };
      let offset = 2;
      for (let d = 3; d <= longest; d++) if (above[d]! > above[offset]!) offset = d;
      return { offset, estimate: estimate(values[head]![offset]!), aboveChance: above[offset] as number };
    },
  };
}
