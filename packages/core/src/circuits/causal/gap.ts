// What a corruption costs: the whole that patching gives back a share of.
import type { Measure } from '../../model/measures/measure.ts';
import { estimate, holdsZero, mean } from '../statistics/estimate.ts';

/** Below these costs, by the measure's unit, there is nothing to restore. */
const LEAST: Readonly<Record<string, number>> = { nats: 0.1, logits: 0.1, probability: 0.01 };

/** How much worse the corrupted prompts are, above 0 where they are worse. */
export class Gap {
  readonly corrupted: Float64Array;
  /** 1 where higher numbers are worse, −1 where lower ones are; of a measure that does not say, the corrupted run's side. */
  readonly worse: 1 | -1;
  /** What the corruption costs, [sequence]. */
  readonly all: Float64Array;
  /** Why no effect can be a share of it; null where it can. */
  readonly doesNotApply: string | null;

  constructor(measure: Measure, { clean, corrupted }: { clean: Float64Array; corrupted: Float64Array }) {
    this.corrupted = corrupted;
    const { better = mean(corrupted) < mean(clean) ? 'higher' : 'lower' } = measure;
    this.worse = better === 'lower' ? 1 : -1;
    this.all = this.costs(clean);
    this.doesNotApply = nothingToRestore(measure, this.all);
  }

  /** By how much the corrupted prompts are worse than these numbers, [sequence]. */
  costs(measured: Float64Array): Float64Array {
    return this.corrupted.map((x, s) => this.worse * (x - measured[s]!));
  }
}

function nothingToRestore({ unit }: Measure, all: Float64Array): string | null {
  const gap = estimate(all);
  const least = LEAST[unit] ?? 0;
  const costs = `The corruption costs ${gap.value.toFixed(2)} ${unit === 'probability' ? 'of probability' : unit}`;
  if (!(gap.value >= least)) return `${costs}, less than ${least}: there is nothing to restore.`;
  if (gap.value === 0) return `${costs}: there is nothing to restore.`;
  return holdsZero(gap)
    ? `${costs}, with a 95 % interval from ${gap.interval[0].toFixed(2)} to ${gap.interval[1].toFixed(2)} that holds 0: no share of it means anything.`
    : null;
}
