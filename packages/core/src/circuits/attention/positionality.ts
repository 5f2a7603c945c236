// Positionality: how much of a pattern is the same on every sequence, and so does not depend on the tokens. A start token is
// the same everywhere: attention that rests on it says nothing of positions, and does not count.
import type { ModelConfig } from '../../model/config.ts';
import { firstDrawn } from '../../model/startToken.ts';
import type { PatternVisit } from '../data/patternRuns.ts';

/** Queries that positionality looks at, evenly spread: they bound the memory in long contexts. */
const QUERIES = 64;

/** Σ (mean A)² / Σ mean(A²) over sequences, head by head, as it is gathered from the patterns of a control. */
export interface Positionality {
  add(visit: PatternVisit): void;
  /** Unbiased: 1 when the pattern does not depend on the tokens. NaN of one sequence. */
  of(head: number): number;
}

export function gatherPositionality(config: ModelConfig, count: number): Positionality {
  const { nCtx, nLayers, nHeads } = config;
  const start = firstDrawn(config);
  const heads = nLayers * nHeads;
  const every = Math.ceil(nCtx / QUERIES);
  const sum = Array.from({ length: heads }, () => new Float64Array(Math.ceil(nCtx / every) * nCtx));
  const squares = new Float64Array(heads);
  return {
    add: ({ head, attention }) => {
      for (let q = every; q < nCtx - 1; q += every)
        for (let k = start; k <= q; k++) {
          const w = attention(q, k);
          sum[head]![(q / every) * nCtx + k]! += w / count;
          squares[head]! += (w * w) / count;
        }
    },
    of: (head) => {
      // The square of a mean over n sequences also holds 1/n of the variance.
      const ofMeans = sum[head]!.reduce((a, b) => a + b * b, 0) / squares[head]!;
      return count === 1 ? Number.NaN : (count * ofMeans - 1) / (count - 1);
    },
  };
}
