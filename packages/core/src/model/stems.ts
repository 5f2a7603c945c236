// Where a forward pass can be taken up again. Analyses run the same tokens under hundreds of interventions, and what comes
// before the first of them is the same each time: the residual stream as a layer finds it, and what its heads have mixed.
import type { Floats, Tensor } from '../engine/tensor.ts';
import type { ModelConfig } from './config.ts';
import { declaredHookPoints } from './hookPoints.ts';
import { type Intervention, inputHook, sourceLayers } from './interventions/interventions.ts';
import type { Transformer } from './transformer.ts';

const zOf = (layer: number): string => `blocks.${layer}.attn.hook_z`;

/** A layer's stem as it was in a run: copies of the stream before the layer, and of z. */
export type Stem = readonly Floats[];

/** The stems of one batch that runs as a whole, in the state of the weights in which it first ran. */
export class Stems {
  private readonly byLayer: Stem[] = [];
  private version = -1;

  /** Whether they are those of these weights, all of them. */
  areOf(version: number, { nLayers }: ModelConfig): boolean {
    return this.version === version && this.byLayer.length === nLayers;
  }

  /** The one from which a pass is to be taken up. */
  at(layer: number): Stem {
    return this.byLayer[layer] as Stem;
  }

  /** Begins to keep those of a run in which nothing acts: what is returned is shown each activation. */
  keeping({ stems, weights }: Transformer): (activation: Tensor) => void {
    this.byLayer.length = 0;
    this.version = weights.version;
    return ({ name }) => {
      const layer = this.byLayer.length;
      if (name === zOf(layer)) this.byLayer.push(stems[layer]!.tensors.map(({ data }) => data.slice()));
    };
  }
}

const known = new WeakMap<ModelConfig, ReadonlyMap<string, number>>();

/** By hook point, the last layer whose stem it does not come before. */
function stemsBefore(config: ModelConfig): ReadonlyMap<string, number> {
  const found = known.get(config);
  if (found) return found;
  let layer = -1;
  const stems = new Map<string, number>();
  for (const { name } of declaredHookPoints(config)) {
    if (name === zOf(layer + 1)) layer++;
    stems.set(name, layer);
  }
  if (Object.isFrozen(config)) known.set(config, stems); // what may still change is not remembered
  return stems;
}

/**
 * The last layer whose stem comes before everything that acts and that is looked at; −1 where none does. Heads' results that
 * are taken out of a later input must be computed, so that their layers' stems come before, too.
 */
export function lastStemBefore(
  config: ModelConfig,
  { interventions, names }: { interventions: readonly Intervention[]; names: readonly string[] },
): number {
  const stems = stemsBefore(config);
  const before = (name: string): number => stems.get(name) as number;
  const acting = interventions.flatMap((one) =>
    one.kind === 'removeFromInput' ? [before(inputHook(one)), ...sourceLayers(config, one)] : [before(one.hook)],
  );
  return Math.min(config.nLayers - 1, ...acting, ...names.map(before));
}
