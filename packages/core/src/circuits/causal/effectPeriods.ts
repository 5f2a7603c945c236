// The periods at which the effect of an intervention means something: where the model solves the repeat.
import * as z from 'zod/mini';
import { aFunction } from '../../errors/arguments.ts';
import type { ModelConfig } from '../../model/config.ts';
import type { Model } from '../../model/model.ts';
import { checkModel, checkOptions, seedSchema, sequencesSchema } from '../checks.ts';
import { runPatterns } from '../data/patternRuns.ts';
import { scannedPeriods, solvedBelow, spread } from '../data/periods.ts';
import { type ProbeOptions, repeatedProbe } from '../data/probes.ts';
import { lossOnRepeat, twoCopies } from '../data/twoCopies.ts';
import { type OnProgress, Progress } from '../progress.ts';
import { mean } from '../statistics/estimate.ts';

/** Periods that effects are measured at. */
const PERIODS = 6;

const periodsSchema = z.strictObject({
  seed: seedSchema,
  count: z.optional(sequencesSchema),
  onProgress: z.optional(aFunction),
});

/**
 * The periods at which effects on a model mean something: at most six of those it solves, evenly spread, and of all where
 * it solves none. A quick scan of `count` (8) sequences a period; the audit has a closer one. Throws a TooSmallError when
 * context or vocabulary leave no period, a NotFiniteError when a loss is not finite.
 * @param options.seed Seed of the sequences that are drawn.
 */
export function periodsToMeasure(
  model: Model,
  options: { seed: number; count?: number; onProgress?: OnProgress },
): number[] {
  checkModel('periodsToMeasure', model);
  checkOptions('periodsToMeasure', periodsSchema, options);
  const { seed, count = 8 } = options;
  const { config } = model;
  const all = scannedPeriods(config, 'periodsToMeasure');
  const progress = new Progress(options.onProgress, scanSize(config, count));
  const probe: ProbeOptions = { config, count, seed };
  const limit = solvedBelow(config);
  const solved = all.filter((period) => scannedLoss(model, probe, { period, progress }) < limit);
  progress.finish();
  return effectPeriods(solved, all);
}

/** Tokens that `periodsToMeasure` runs. */
export const scanSize = (config: ModelConfig, count = 8): number =>
  scannedPeriods(config, 'periodsToMeasure').reduce((sum, period) => sum + twoCopies(config, period).length * count, 0);

/** At most six of the solved periods, evenly spread; of all where none is solved. */
export const effectPeriods = (solved: readonly number[], all: readonly number[]): number[] =>
  spread(solved.length > 0 ? solved : all, PERIODS);

function scannedLoss(
  model: Model,
  probe: ProbeOptions,
  { period, progress }: { period: number; progress: Progress },
): number {
  const place = twoCopies(probe.config, period);
  return mean(runPatterns(model, repeatedProbe(probe, period), { progress }).map((l) => lossOnRepeat(l, place)));
}
