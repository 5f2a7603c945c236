// Where activations are patched: a hook, a head, a position, or all of them.

import type { ModelConfig } from '../../model/config.ts';
import { headLabel, keyValueHeadLabel } from '../../model/heads.ts';
import { axisSize, hasHeads, headAxis, hookPoint } from '../../model/hookPoints.ts';
import type { Patch } from '../../model/interventions/places.ts';
import { type Estimate, mean } from '../statistics/estimate.ts';

/** One place to patch. */
export interface PatchSite {
  /** The hook point. */
  readonly hook: string;
  /** Of the head, or of the layer, or the hook's name before the first layer. */
  readonly label: string;
  /** Its layer, from 0; null where it belongs to none. */
  readonly layer: number | null;
  /** The head, from 0; null where the hook point has none. */
  readonly head: number | null;
  /** Null for all positions at once. */
  readonly position: number | null;
}

/** The intervention that patches it from the clean run. */
export const patchAt = ({ hook, head, position }: PatchSite): Patch => ({
  kind: 'patch',
  hook,
  ...(head === null ? {} : { head }),
  ...(position === null ? {} : { positions: [position] }),
});

/** Every hook, its heads one by one, all positions at once and, for `length` > 0, each alone. */
export function patchSites(
  config: ModelConfig,
  { hooks, length }: { hooks: readonly string[]; length: number },
): PatchSite[] {
  const positions = [null, ...Array.from({ length }, (_, p) => p)];
  return hooks.flatMap((hook) => {
    const found = /^blocks\.(\d+)\./.exec(hook);
    const layer = found ? Number(found[1]) : null;
    const axis = headAxis(hookPoint(config, hook));
    const count = axis === null ? 0 : (axisSize(config, axis) as number);
    const heads = axis === null ? [null] : Array.from({ length: count }, (_, head) => head);
    const label = axis === 'keyValueHead' ? keyValueHeadLabel : headLabel;
    return heads.flatMap((head) =>
      positions.map((position) => ({
        hook,
        label: layer === null ? hook : head === null ? `L${layer}` : label(layer, head),
        layer,
        head,
        position,
      })),
    );
  });
}

/** The hooks that have heads, all heads of each at once. */
export const wholeSites = (config: ModelConfig, hooks: readonly string[]): PatchSite[] =>
  hooks
    .filter((hook) => hasHeads(hookPoint(config, hook)))
    .map((hook) => {
      const layer = Number(hook.split('.')[1]);
      return { hook, label: `L${layer}`, layer, head: null, position: null };
    });

/** The mean effect of the same patch at the other heads of the layer; null where there is none. */
export function controlOf(site: PatchSite, all: readonly (PatchSite & { effect: Estimate })[]): number | null {
  if (site.head === null) return null;
  const others = all.filter((o) => o.hook === site.hook && o.position === site.position && o.head !== site.head);
  return others.length === 0 ? null : mean(others.map(({ effect }) => effect.value));
}
