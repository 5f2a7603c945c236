// A short look at one of many models: two heads on one sequence.
import { exampleTokens, longestPeriod, type Model } from '@induction-lab/core/browser';
import { firstDrawn } from '@induction-lab/core/internal';
import type { HeadBars } from '../../protocol.ts';
import type { Glimpse, HeadGlimpse } from '../../wallProtocol.ts';
import { asSeen, barsOf } from '../look.ts';

/** Sequences behind the scores: few, since training waits for them. */
const SEQUENCES = 2;

/** How much a head keeps to something other than the token before: a repeat, or a fixed distance. */
const keeps = ({ excess, offset }: HeadBars): number => Math.max(excess, offset);

const best = (bars: readonly HeadBars[], by: (head: HeadBars) => number): HeadBars | undefined =>
  bars.length === 0 ? undefined : bars.reduce((a, b) => (by(b) > by(a) ? b : a));

/** Two heads, in the order of the layers: the best that keeps to something, and of the others the best at the token before. */
export function twoBest(bars: readonly HeadBars[]): readonly HeadBars[] {
  const keeper = best(bars, keeps);
  const previous = best(
    bars.filter((head) => head !== keeper),
    (head) => head.previousToken,
  );
  return [previous, keeper].filter((head) => head !== undefined).sort((a, b) => a.layer - b.layer || a.head - b.head);
}

/** The model's two best heads on a sequence that repeats with this period, or the longest one that fits. */
export function glimpseOf(model: Model, asked: number): Pick<Glimpse, 'period' | 'start' | 'length' | 'heads'> {
  const config = asSeen(model.config);
  const period = Math.min(asked, longestPeriod(config));
  const tokens = exampleTokens(config, { period, seed: 0 });
  const chosen = twoBest(barsOf(model, SEQUENCES).bars);
  const names = [...new Set(chosen.map(({ layer }) => `blocks.${layer}.attn.hook_pattern`))];
  const { cache } = model.runWithCache([tokens], { names });
  const cells = tokens.length ** 2;
  const heads = chosen.map((bars): HeadGlimpse => {
    const all = cache.get(`blocks.${bars.layer}.attn.hook_pattern`).data as Float32Array;
    return { ...bars, pattern: all.slice(bars.head * cells, (bars.head + 1) * cells) };
  });
  return { period, start: firstDrawn(model.config), length: tokens.length, heads };
}
