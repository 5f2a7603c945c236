// Attribution patching (Nanda 2023): what every patch would do to the loss by first order, from one backward pass.

import { hookPoint, isSquare } from '../../model/hookPoints.ts';
import type { CachedRun, Model } from '../../model/model.ts';
import type { PromptPair } from '../data/corruption.ts';
import type { PatchSite } from './patchSites.ts';

/** First-order change of the mean corrupted loss by each patch, in nats: gradient × difference of activations. */
export function attributePatches(
  model: Model,
  { corrupted, queries }: PromptPair,
  runs: { hooks: readonly string[]; cleanRun: CachedRun; corruptedRun: CachedRun },
): (site: PatchSite) => number {
  const { activationGradients } = model.runWithGradients(corrupted, { names: runs.hooks, queries });
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
