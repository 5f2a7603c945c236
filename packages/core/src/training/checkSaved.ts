import { quoted } from '../errors/printable.ts';
import type { Parameters } from '../model/parameters.ts';
import { checkWeights } from '../model/weightChecks.ts';
import type { TrainingState } from './trainingState.ts';

/** Throws an Error unless the saved weights and moments are of this model, all there, finite and possible. */
export function checkSaved(state: TrainingState, parameters: Parameters, floatBytes: 4 | 8): void {
  for (const part of ['weights', 'm', 'v'] as const) {
    checkWeights(parameters, state[part], { caller: `train: resume.${part}`, floatBytes });
    for (const { name } of parameters.all) {
      const saved = state[part][name];
      if (!saved) throw new Error(`train: the saved run has no ${name}; it is of another model.`);
      // The optimiser divides by its root.
      const negative = part === 'v' ? Array.from(saved.data).findIndex((x) => x < 0) : -1;
      if (negative >= 0)
        throw new Error(
          `train: resume.v: ${name} has ${quoted(saved.data[negative])} at element ${negative}; mean squares are not negative.`,
        );
    }
  }
}
