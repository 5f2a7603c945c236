// Numbers by sequence, some of which could not be measured: NaN stands in their place.
import { mean } from './estimate.ts';

/** Mean of the entries that are not NaN; `otherwise` where all are. */
export function meanOfMeasured(values: Float64Array, otherwise: number): number {
  const measured = values.filter((x) => !Number.isNaN(x));
  return measured.length === 0 ? otherwise : mean(measured);
}

/** Puts the mean of the others, or `otherwise`, where an entry is NaN. */
export function fillMissing(values: Float64Array, otherwise: number): void {
  const filled = meanOfMeasured(values, otherwise);
  for (let i = 0; i < values.length; i++) if (Number.isNaN(values[i])) values[i] = filled;
}
