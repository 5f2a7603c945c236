// How much is measured where nobody says how much: as usual, and of a large model a sample, which its record and sentence state.
import type { ModelConfig } from '../../model/config.ts';
import type { ScoreOptions } from '../attention/headScores.ts';
import { periodsThatFit } from '../data/periods.ts';
import { asAnalysed } from '../lengths.ts';
import { workPerSequence } from '../work.ts';
import { choosingRuns, measuringRuns } from './measureChosen.ts';

/** Sequences of each probe of an audit, and of an evaluation in all. */
export const USUAL = { audited: 64, evaluated: 96 } as const;
/** A sample has at least so many of each. */
const FEWEST = { audited: 8, evaluated: 12, periods: 9, ofPlace: 4 } as const;
/** Sequences of a place of the map at most. */
const OF_PLACE = 16;

/** Floating-point operations that the scores of an audit, and an evaluation, may take before they are measured on a sample. */
const WORK = { audited: 1e12, evaluated: 4e12 } as const;

/** How much is measured: periods only where some are left out. */
export type Sample = Pick<ScoreOptions, 'sequences' | 'mostPeriods'>;

/** Sequences and periods of an audit: those asked for, and of what is not told fewer where the model is large. */
export function sampleOf(given: ModelConfig, asked: Sample): Sample {
  const config = asAnalysed(given);
  // Contexts' worth of tokens that an audit's scores may run; a period's two copies are half a context on average.
  const contexts = WORK.audited / workPerSequence(config);
  const all = periodsThatFit(config).length;
  const { sequences = USUAL.audited } = asked;
  const periods = Math.max(FEWEST.periods, Math.floor(2 * (contexts / sequences - 2)));
  const left = Math.floor(contexts / (2 + Math.min(all, periods) / 2));
  return {
    sequences: asked.sequences ?? Math.max(FEWEST.audited, Math.min(USUAL.audited, left)),
    ...(asked.mostPeriods === undefined && periods < all ? { mostPeriods: periods } : {}),
    ...(asked.mostPeriods === undefined ? {} : { mostPeriods: asked.mostPeriods }),
  };
}

/** Whether a sample is less than what is measured of a small model. */
export const isLess = (sample: Sample, asked: Sample): boolean =>
  (asked.sequences === undefined && (sample.sequences ?? USUAL.audited) < USUAL.audited) ||
  sample.mostPeriods !== asked.mostPeriods;

/** Sequences of each place of the map. */
export function mapSequences(
  config: ModelConfig,
  { sequences = USUAL.audited }: Pick<ScoreOptions, 'sequences'>,
): number {
  const affordable = Math.floor(WORK.audited / workPerSequence(config) / 100);
  return Math.min(sequences, OF_PLACE, Math.max(FEWEST.ofPlace, affordable));
}

/** Sequences of an evaluation where it is not told. */
export function evaluatedSequences(given: ModelConfig): number {
  const config = asAnalysed(given);
  const runs = choosingRuns(config) / 2 + measuringRuns(config);
  const affordable = Math.floor(WORK.evaluated / (runs * 0.5 * workPerSequence(config)));
  return Math.max(FEWEST.evaluated, Math.min(USUAL.evaluated, affordable));
}
