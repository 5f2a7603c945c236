// Causal scrubbing (Chan et al. 2022) of one claim, that keys carry the previous token: what the previous-token heads read is
// drawn anew, once so that the previous token stays, once so that it changes.
import { allHeads, type HeadIndex } from '../../model/heads.ts';
import { headOutput, type Intervention } from '../../model/interventions/interventions.ts';
import { firstDrawn } from '../../model/startToken.ts';
import { RandomStream } from '../../random/randomStream.ts';
import { ANALYSIS_STREAMS, STREAMS } from '../../random/streams.ts';
import { anotherToken } from '../data/anotherToken.ts';
import type { RepeatBatch, RepeatSet } from '../data/repeatSet.ts';
import { type Estimate, estimate, mean } from '../statistics/estimate.ts';

/** Increase of the loss, nats, at the queries whose key was resampled: by input that agrees on the previous token, and that differs. */
export interface KeyScrubbing {
  readonly agreeing: Estimate;
  readonly differing: Estimate;
}

/**
 * Gives some heads, at every second position, the output that they have on other tokens: those at the positions before
 * either stay as they are or change, too. Positions of both parities take turns, and only queries whose key was resampled
 * count. If keys carry the previous token and nothing else of what those heads read, the loss moves in the second case alone.
 */
export function scrubKeys(set: RepeatSet, heads: readonly HeadIndex[], seed = 0): KeyScrubbing {
  const increases = (agree: boolean): Float64Array =>
    Float64Array.from(set.batches().flatMap((batch, b) => increasesOf(set, batch, { heads, agree, seed, batch: b })));
  return { agreeing: estimate(increases(true)), differing: estimate(increases(false)) };
}

/** By sequence. */
function increasesOf(
  set: RepeatSet,
  { tokens, period, queries: [from, to] }: RepeatBatch,
  { heads, agree, seed, batch }: { heads: readonly HeadIndex[]; agree: boolean; seed: number; batch: number },
): number[] {
  const { model } = set;
  const length = tokens[0]!.length;
  const start = firstDrawn(model.config);
  const losses = [0, 1].map((parity) => {
    const positions = Array.from({ length }, (_, p) => p).filter((p) => p % 2 === parity && p > 0);
    const others = tokens.map((sequence, s) =>
      sequence.map((token, p) => {
        const random = new RandomStream(seed, STREAMS.analysis, ANALYSIS_STREAMS.keyScrubbing, batch, s, p);
        // The positions before those resampled have the other parity.
        if ((agree && p % 2 !== parity) || p < start) return token;
        return anotherToken(token, model.config, random);
      }),
    );
    const act = allHeads(model.config)
      .filter((head) => heads.some(({ layer, head: number }) => head.layer === layer && head.head === number))
      .map((head): Intervention => ({ kind: 'patch', ...headOutput(head), positions }));
    return model.runWithInterventions(tokens, act, { clean: others }).lossPerPosition;
  });
  const clean = model.run(tokens).lossPerPosition;
  return tokens.map((_, s) => {
    const counted = Array.from({ length: to - from }, (_, i) => from + i).filter((q) => q - period + 1 > 0);
    return mean(
      counted.map((q) => {
        const at = s * (length - 1) + q;
        return losses[(q - period + 1) % 2]![at]! - clean[at]!;
      }),
    );
  });
}
