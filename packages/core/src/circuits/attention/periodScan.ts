// The scan: losses, and the attention that follows the period, on exactly two copies of a block at every period.
import type { Model } from '../../model/model.ts';
import { runPatterns } from '../data/patternRuns.ts';
import { repeatedProbe } from '../data/probes.ts';
import { lossOnRepeat, twoCopies } from '../data/twoCopies.ts';
import { type Estimate, estimate, mean } from '../statistics/estimate.ts';
import type { Control, Scoring } from './control.ts';
import { inductionStripe } from './inductionStripe.ts';

/** Losses and excess at one period: exactly two copies of a block, from the first position on. */
export interface ScannedPeriod {
  /** Length of the block, in tokens. */
  readonly period: number;
  /** Loss of the first copy, nats. */
  readonly lossFirst: number;
  /** Loss at the last query of the first copy, nats. */
  readonly lossBoundary: number;
  readonly lossRepeat: Estimate;
  /** By head (layer × nHeads + head). */
  readonly excess: readonly number[];
}

/** Losses and scores at every period of the scan. */
export interface PeriodScan {
  readonly periods: readonly ScannedPeriod[];
}

/** Scans all periods and puts the scores on repeats into the table. */
export const runScan = (model: Model, scoring: Scoring & { readonly control: Control }): PeriodScan => ({
  periods: scoring.periods.map((period) =>
    scanPeriod(model, { ...scoring, period, control: scoring.control.stripes.get(period)! }),
  ),
});

/** One period, and the stripe on the control there: [head][sequence]. */
interface ScannedBy extends Scoring {
  readonly period: number;
  readonly control: readonly Float64Array[];
}

function scanPeriod(
  model: Model,
  { probe, probes, detectors, table, stripePeriod, periods, progress, period, control }: ScannedBy,
): ScannedPeriod {
  const scored = period === stripePeriod;
  const tokens = scored ? probes.repeat : repeatedProbe(probe, period);
  const place = twoCopies(probe.config, period);
  const boundary = place.start + period - 1;
  const excess = new Float64Array(probe.config.nLayers * probe.config.nHeads);
  const losses = runPatterns(model, tokens, {
    progress,
    visit: (visit) => {
      const { sequence, head, attention } = visit;
      const above = inductionStripe(attention, place) - control[head]![sequence]!;
      excess[head]! += above / probe.count;
      table.add({ name: 'inductionExcess', head, sequence }, above / periods.length);
      if (scored) detectors.score('repeat', visit);
    },
  });
  return {
    period,
    lossFirst: mean(losses.map((l) => mean(l.subarray(place.start, boundary)))),
    lossBoundary: mean(losses.map((l) => l[boundary] as number)),
    lossRepeat: estimate(losses.map((l) => lossOnRepeat(l, place))),
    excess: [...excess],
  };
}
