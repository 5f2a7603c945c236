// Attribution patching (Nanda 2023): what every patch would do to the measure, from gradients at what is patched. By first
// order one backward pass says it of all patches, from where the corrupted run stands. Integrated gradients (Sundararajan et
// al. 2017) take the mean of the gradients along the straight line on which all of a hook point, every head and position
// of it, goes from the corrupted to the clean run.

import type { Floats } from '../../engine/tensor.ts';
import { hookPoint, isSquare } from '../../model/hookPoints.ts';
import type { CachedRun, GradientOptions, Model, Tokens } from '../../model/model.ts';
import { gaussLegendre } from '../statistics/gaussLegendre.ts';
import type { PatchSite } from './patchSites.ts';

export interface PatchedRuns {
  readonly hooks: readonly string[];
  readonly asked: GradientOptions;
  readonly cleanRun: CachedRun;
  readonly corruptedRun: CachedRun;
}

export interface PatchAttributionOptions {
  /** Points of each line at which integrated gradients are taken; without, first order. */
  readonly steps?: number;
}

/** What an attribution takes, in forward runs over the prompts, about. */
export const patchAttributionRuns = (steps: number, hooks: number): number => steps * hooks * GRADIENT_RUNS;
const GRADIENT_RUNS = 4;

/**
 * The change of the corrupted runs' mean measure that gradients foresee of each patch: gradient × difference of activations.
 * Integrated gradients of the heads, or of the positions, of a hook point add up to what patching all of it does, but for
 * the error of so few points.
 */
export function attributePatches(
  model: Model,
  corrupted: Tokens,
  runs: PatchedRuns,
  { steps }: PatchAttributionOptions = {},
): (site: PatchSite) => number {
  const gradients =
    steps === undefined ? slopes(model, corrupted, runs) : integrated(model, corrupted, { runs, steps });
  return ({ hook, head, position }) => {
    const gradient = gradients.get(hook) as Floats;
    const { data: clean, shape } = runs.cleanRun.cache.get(hook);
    const other = runs.corruptedRun.cache.get(hook).data;
    const [, second = 1, third = 1] = shape;
    const size = shape.at(-1)!;
    const square = isSquare(hookPoint(model.config, hook));
    const heads = shape.length < 4 ? 1 : square ? second : third;
    const positions = square ? third : second;
    let sum = 0;
    for (let at = 0; at < gradient.length; at++) {
      const row = Math.floor(at / size);
      const h = square ? Math.floor(row / positions) % heads : row % heads;
      const p = square ? row % positions : Math.floor(row / heads) % positions;
      if ((head !== null && h !== head) || (position !== null && p !== position)) continue;
      const change = clean[at]! - other[at]!; // masked scores are −∞ on both sides
      if (Number.isFinite(change)) sum += gradient[at]! * change;
    }
    return sum;
  };
}

/** By hook: with respect to activations as they are in the corrupted run. */
function slopes(model: Model, corrupted: Tokens, { hooks, asked }: PatchedRuns): Map<string, Floats> {
  const { activationGradients } = model.runWithGradients(corrupted, { names: hooks, ...asked });
  return new Map(hooks.map((hook) => [hook, activationGradients.get(hook).data]));
}

/** By hook: the mean along the line on which that hook point alone is patched. */
function integrated(
  model: Model,
  corrupted: Tokens,
  { runs: { hooks, asked, cleanRun, corruptedRun }, steps }: { runs: PatchedRuns; steps: number },
): Map<string, Floats> {
  return new Map(
    hooks.map((hook) => {
      const mean = new Float64Array(cleanRun.cache.get(hook).data.length);
      for (const { at: share, weight } of gaussLegendre(steps)) {
        const clean = corruptedRun.cache.towards(cleanRun.cache, { name: hook, share });
        const options = { names: hook, ...asked, interventions: [{ kind: 'patch', hook } as const], clean };
        const { data } = model.runWithGradients(corrupted, options).activationGradients.get(hook);
        for (let i = 0; i < mean.length; i++) mean[i]! += weight * data[i]!;
      }
      return [hook, mean];
    }),
  );
}
