// Effects of interventions on what is measured, each with its control: the same intervention on the other heads of its layer.
import { isMlp, type PartIndex } from '../../model/partIndex.ts';
import { type Estimate, estimate, mean } from '../statistics/estimate.ts';

/** What an intervention on a head does to the measure, in its unit: the loss, in nats, unless told. */
export interface Effect {
  /** Increase against the same sequences without it: below 0 where less is measured. */
  readonly increase: Estimate;
  /** Mean increase by the same intervention on the other heads of the layer; null where there is no other. */
  readonly control: Estimate | null;
}

/** Heads of one layer; an MLP is alone. */
export const areSiblings = (a: PartIndex, b: PartIndex): boolean => a.layer === b.layer && !isMlp(a) && !isMlp(b);

/** Estimates of effects given by sequence: [part][sequence], heads that share a layer being each other's control. */
export function effectsWithControls(parts: readonly PartIndex[], increases: readonly Float64Array[]): Effect[] {
  return parts.map((part, i) => {
    const others = increases.filter((_, j) => j !== i && areSiblings(parts[j]!, part));
    const control = others[0]?.map((_, s) => mean(others.map((increase) => increase[s]!)));
    return { increase: estimate(increases[i]!), control: control ? estimate(control) : null };
  });
}

export const difference = (a: Float64Array, b: Float64Array): Float64Array => a.map((x, i) => x - b[i]!);
