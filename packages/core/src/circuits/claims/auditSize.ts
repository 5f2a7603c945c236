// How much an audit runs: sequences of each of its parts, and tokens in all.
import type { ModelConfig } from '../../model/config.ts';
import { INPUTS } from '../../model/interventions/interventions.ts';
import type { Model } from '../../model/model.ts';
import { periodsToScan, type ScoreOptions, scoringSize } from '../attention/headScores.ts';
import { spread } from '../data/periods.ts';
import { twoCopies } from '../data/twoCopies.ts';
import { asAnalysed } from '../lengths.ts';
import { mapSize } from '../map/inductionMap.ts';
import { mapSequences } from './sample.ts';

/** How many solved periods the path tests use, evenly spread. */
export const PATH_PERIODS = 5;

/** Sequences of each of the path tests' periods. */
export const perPathPeriod = ({ sequences = 64 }: ScoreOptions): number => Math.ceil(sequences / 2);

/** Runs over the path tests' sequences: clean, a path and its control each, and a source of keys each. */
const pathRuns = ({ nLayers, nHeads }: ModelConfig): number => 1 + 2 * INPUTS.length + (nLayers - 1) * nHeads;

/** Tokens that an audit runs if every period is solved: what progress expects. */
export function auditSize(model: Model, options: ScoreOptions): number {
  const config = asAnalysed(model.config);
  const periods = periodsToScan(config, options);
  const prefixed = periods.length * prefixedCount(options.sequences ?? 64) * config.nCtx;
  const map = mapSize(config, mapSequences(config, options));
  return map + scoringSize(model, options) + prefixed + pathsSize(config, options, spread(periods, PATH_PERIODS));
}

/** Tokens that the path tests run at these periods. */
export const pathsSize = (config: ModelConfig, options: ScoreOptions, periods: readonly number[]): number =>
  config.nLayers === 1
    ? 0
    : pathRuns(config) *
      perPathPeriod(options) *
      periods.reduce((sum, period) => sum + twoCopies(config, period).length, 0);

/** Sequences with a prefix. */
export const prefixedCount = (sequences: number): number => Math.ceil(sequences / 4);
