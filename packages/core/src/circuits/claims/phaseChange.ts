// The phase change of a training run, from the measurements of its checkpoints.
import * as z from 'zod/mini';
import { checkArgument } from '../../errors/arguments.ts';
import { mean } from '../statistics/estimate.ts';
import type { DynamicsPoint, HeadPoint } from './dynamics.ts';
import { FOLLOWS } from './thresholds.ts';

/** When something of a run first held, in steps, at the resolution of what was measured; null when never. */
export interface DynamicsEvent {
  readonly what: 'loss' | 'induction' | 'previous-token head' | 'K-composition' | 'K path';
  /** What happened, in words. */
  readonly description: string;
  /** The step of the checkpoint at which it had happened; null when never. */
  readonly step: number | null;
}

/** When the circuit formed, and what came before and after. */
export interface PhaseChange {
  /** The first step at which lossRepeat has fallen by half and some head's excess has passed 0.3; null when never. */
  readonly step: number | null;
  /** In the order in which they happened; what never happened comes last. */
  readonly events: readonly DynamicsEvent[];
  /** The earlier head that builds the keys at the end, by its effect on them, and its strongest reader. */
  readonly previousTokenHead: string | null;
  /** Label of the strongest reader of those keys at the end; null without one. */
  readonly inductionHead: string | null;
}

/** An effect on the keys below this, in nats, names nobody. */
const LEAST_KEY_EFFECT = 0.5;

/** Steps of the training log that a crossing is averaged over: single batches are noisy. */
const SMOOTHED = 10;

// Losses may be NaN: a task without a repeat has none.
const pointsSchema = z.array(z.looseObject({ step: z.number(), heads: z.array(z.any()) }));
const logSchema = z.array(z.looseObject({ step: z.number() }));

/** First step after which the loss, averaged over ten records, stays below half of its first average; null when never. */
function halved(losses: readonly { readonly step: number; readonly lossRepeat: number }[]): number | null {
  const window = Math.min(SMOOTHED, losses.length);
  const average = (from: number): number => mean(losses.slice(from, from + window).map(({ lossRepeat }) => lossRepeat));
  const half = average(0) / 2;
  let step: number | null = null;
  for (let i = 0; i + window <= losses.length; i++)
    if (average(i) < half) step ??= losses[i]!.step;
    else step = null;
  return step;
}

/**
 * The phase change by a stated rule: `lossRepeat` has fallen by half (in the training log if one is given, averaged over
 * ten records, otherwise at the checkpoints), and some head's period-free excess is above 0.3. Around it, when the others crossed half of their final value: the previous-token
 * score of the head that builds the keys at the end, its K-composition with its strongest reader (above random), and the
 * effect of the K path. Crossings are counted from the step or checkpoint after which they hold to the end.
 * @param log Steps with their loss on the repeat, in order.
 * @throws an ArgumentError for points that are none.
 */
export function phaseChange(
  points: readonly DynamicsPoint[],
  log: readonly { readonly step: number; readonly lossRepeat: number }[] = [],
): PhaseChange {
  checkArgument('phaseChange', 'points', pointsSchema, points);
  checkArgument('phaseChange', 'log', logSchema, log);
  const last = points.at(-1);
  const first = points[0];
  if (!first || !last) throw new Error('phaseChange: expected at least one checkpoint.');
  const since = (holds: (point: DynamicsPoint) => boolean): number | null => {
    let step: number | null = null;
    for (const point of points)
      if (!holds(point)) step = null;
      else step ??= point.step;
    return step;
  };
  const head = (point: DynamicsPoint, label: string): HeadPoint => point.heads.find((h) => h.label === label)!;
  const builder = last.heads
    .filter(({ keyEffect }) => keyEffect !== null && keyEffect >= LEAST_KEY_EFFECT)
    .reduce<HeadPoint | null>((a, b) => (a === null || b.keyEffect! > a.keyEffect! ? b : a), null);
  const follower = last.heads.reduce((a, b) => (b.inductionExcess > a.inductionExcess ? b : a));
  const reader = follower.inductionExcess > FOLLOWS ? follower : null;
  const composition = (point: DynamicsPoint): number =>
    point.composition.find((c) => c.earlier === builder?.label && c.later === reader?.label && c.input === 'k')
      ?.corrected ?? Number.NaN;
  const halfOf = (value: (point: DynamicsPoint) => number): ((point: DynamicsPoint) => boolean) => {
    const end = value(last);
    return (point) => end > 0 && value(point) >= end / 2;
  };
  const loss = log.length > 0 ? halved(log) : since(({ lossRepeat }) => lossRepeat < first.lossRepeat / 2);
  const induction = since(({ heads }) => heads.some(({ inductionExcess }) => inductionExcess > FOLLOWS));
  const events: DynamicsEvent[] = [
    { what: 'loss', description: 'loss on the repeat below half of its start', step: loss },
    {
      what: 'induction',
      description: `attention of some head follows the period (excess above ${FOLLOWS})`,
      step: induction,
    },
  ];
  if (builder)
    events.push({
      what: 'previous-token head',
      description: `previous-token score of ${builder.label} at half of its end`,
      step: since(halfOf((p) => head(p, builder.label).previousToken)),
    });
  if (builder && reader && builder.layer < reader.layer)
    events.push({
      what: 'K-composition',
      description: `K-composition of ${builder.label} with ${reader.label} above random, at half of its end`,
      step: since(halfOf(composition)),
    });
  if (builder)
    events.push({
      what: 'K path',
      description: 'effect of ablating the K path at half of its end',
      step: since(halfOf((p) => p.pathEffects?.k ?? Number.NaN)),
    });
  const never = Number.POSITIVE_INFINITY;
  return {
    step: loss === null || induction === null ? null : Math.max(loss, induction),
    events: [...events].sort((a, b) => (a.step ?? never) - (b.step ?? never)),
    previousTokenHead: builder?.label ?? null,
    inductionHead: reader?.label ?? null,
  };
}
