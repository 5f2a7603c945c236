// Attribution patching (Nanda 2023): what every patch would do to the measure by first order, from one backward pass.

import { hookPoint, isSquare } from '../../model/hookPoints.ts';
import type { CachedRun, GradientOptions, Model, Tokens } from '../../model/model.ts';
import type { PatchSite } from './patchSites.ts';

/** First-order change of the corrupted runs' mean measure by each patch: gradient × difference of activations. */
export function attributePatches(
  model: Model,
  corrupted: Tokens,
  runs: { hooks: readonly string[]; asked: GradientOptions; cleanRun: CachedRun; corruptedRun: CachedRun },
): (site: PatchSite) => number {
  const { activationGradients } = model.runWithGradients(corrupted, { names: runs.hooks, ...runs.asked });
  return ({ hook, head, position }) => {
    const gradient = activationGradients.get(hook);
    const clean = runs.cleanRun.cache.get(hook).data;
    const other = runs.corruptedRun.cache.get(hook).data;
    const [, second = 1, third = 1] = gradient.shape;
    const size = gradient.shape.at(-1)!;
    const square = isSquare(hookPoint(model.config, hook));
    const heads = gradient.shape.length < 4 ? 1 : square ? second : third;
    const positions = square ? third : second;
    let sum = 0;
    for (let at = 0; at < gradient.data.length; at++) {
      const row = Math.floor(at / size);
      const h = square ? Math.floor(row / positions) % heads : row % heads;
      const p = square ? row % positions : Math.floor(row / heads) % positions;
      if ((head !== null && h !== head) || (position !== null && p !== position)) continue;
      const change = clean[at]! - other[at]!; // masked scores are −∞ on both sides
      if (Number.isFinite(change)) sum += gradient.data[at]! * change;
    }
    return sum;
  };
}
