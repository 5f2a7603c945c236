// Attribution of edges: what ablating each would do to the measure, from gradients with respect to what its target reads.
// By first order (attribution patching, after Nanda 2023) one backward pass says it of all edges, from where the model
// stands. Integrated gradients (Sundararajan et al. 2017) take the mean of the gradients along the straight line from what
// an input is to what is left of it when all edges into it are ablated together: at its end a saturated softmax has let go.
import type { Floats } from '../../engine/tensor.ts';
import { inputHook, type RemoveFromInput } from '../../model/interventions/interventions.ts';
import { allParts, earlierParts, isMlp, outputHook, type PartIndex, readsFrom } from '../../model/partIndex.ts';
import type { PromptSet, PromptSlice } from '../data/promptSet.ts';
import { checkNumbers } from '../finite.ts';
import { gaussLegendre } from '../statistics/gaussLegendre.ts';
import { ablateEdges, type Edge, edgeLabel, edgesInto, laterInputs } from './edges.ts';

export interface EdgeAttribution {
  /** Increase of the measure, lossRepeat unless told, that gradients foresee when that edge is ablated, by sequence. */
  get(edge: Edge): Float64Array;
}

export interface AttributionOptions {
  /** What takes the source's place: nothing, or its mean over the whole set. */
  readonly by: 'zero' | 'mean';
  /** Points of the line at which integrated gradients are taken, Gauss and Legendre's; without, first order. */
  readonly steps?: number;
}

/** What an attribution takes, in forward runs over the set, about; `inputs` is how many there are of later parts. */
export const attributionRuns = ({ steps, inputs }: { steps?: number | undefined; inputs: number }): number =>
  steps === undefined ? FIRST_ORDER_RUNS : 1 + steps * inputs * GRADIENT_RUNS;
const FIRST_ORDER_RUNS = 10;
const GRADIENT_RUNS = 4;

/**
 * Attributions of all edges. Integrated gradients of the edges into one input add up to the joint effect of ablating them
 * together, but for the error of so few points. Throws a NotFiniteError when a gradient overflows.
 */
export function attributeEdges(set: PromptSet, options: AttributionOptions): EdgeAttribution {
  const { config } = set.model;
  const bySequence = new Map<string, Float64Array>();
  const runs = attributionRuns({ steps: options.steps, inputs: laterInputs(config).length });
  const hooks = [...new Set(allParts(config).map(outputHook))];
  for (const slice of set.slices()) {
    const gradientOf = options.steps === undefined ? slopes(set, slice) : integrated(set, slice, options);
    const { cache } = set.model.runWithCache(slice.tokens, { names: hooks });
    for (let layer = 0; layer < config.nLayers; layer++) {
      const inputs = laterInputs(config)
        .filter(({ target }) => target.layer === layer)
        .map((reading) => ({ ...reading, gradient: gradientOf(reading) }));
      for (const source of allParts(config)) {
        const readers = inputs.filter(({ target }) => readsFrom(config, target, source));
        if (readers.length === 0) continue;
        const output = partRows(cache.get(outputHook(source)).data, source, config);
        const mean = options.by === 'mean' ? set.meanResult(source) : null;
        if (mean) for (let i = 0; i < output.length; i++) output[i]! -= mean[i % config.dModel]!;
        for (const { target, input, gradient } of readers) {
          const effects = foreseen(gradient, output, slice);
          checkNumbers(
            `the gradient of the ${set.measure.name} with respect to "${hookOf({ target, input })}" gives`,
            effects,
          );
          const label = edgeLabel({ source, target, input });
          const found = bySequence.get(label) ?? new Float64Array(set.sequences);
          bySequence.set(label, found);
          slice.sequences.forEach((s, i) => {
            found[s] = effects[i]!;
          });
        }
      }
    }
    for (let run = 0; run < runs; run++) set.ran(slice);
  }
  return { get: (edge) => bySequence.get(edgeLabel(edge)) as Float64Array };
}

type Reading = Pick<Edge, 'target' | 'input'>;

const hookOf = ({ target: { layer }, input }: Reading): string => inputHook({ layer, input });

/** The gradient of the mean measure with respect to an input: [batch · pos, dModel]. */
type GradientOf = (reading: Reading) => Float64Array;

/** With respect to all inputs as they are. */
function slopes(set: PromptSet, slice: PromptSlice): GradientOf {
  const { model } = set;
  const names = [...new Set(laterInputs(model.config).map(hookOf))];
  const { activationGradients } = set.gradients(slice, { names });
  return (reading) => partRows(activationGradients.get(hookOf(reading)).data, reading.target, model.config);
}

/** The mean along the line on which all edges into that input alone are ablated. */
function integrated(set: PromptSet, slice: PromptSlice, { by, steps = 1 }: AttributionOptions): GradientOf {
  const { model } = set;
  return ({ target, input }) => {
    const names = hookOf({ target, input });
    const edges = edgesInto([target], { input, sources: earlierParts(model.config, target) });
    const [ablation] = ablateEdges(edges, { by, set }) as [RemoveFromInput];
    let mean: Float64Array | null = null;
    for (const { at: share, weight } of gaussLegendre(steps)) {
      const interventions = [{ ...ablation, share }];
      const { activationGradients } = set.gradients(slice, { names, interventions });
      const gradient = partRows(activationGradients.get(names).data, target, model.config);
      mean ??= new Float64Array(gradient.length);
      for (let i = 0; i < gradient.length; i++) mean[i]! += weight * gradient[i]!;
    }
    return mean!;
  };
}

/** −gradient · output of each sequence; the gradient is that of the mean over sequences. */
function foreseen(gradient: Float64Array, output: Float64Array, { tokens }: PromptSlice): number[] {
  const size = output.length / tokens.length;
  return tokens.map((_, s) => {
    let dot = 0;
    for (let i = s * size; i < (s + 1) * size; i++) dot += gradient[i]! * output[i]!;
    return -dot * tokens.length;
  });
}

/** One head's part of [batch, pos, head, dModel], or all of an MLP's [batch, pos, dModel]: [batch · pos, dModel]. */
function partRows(data: Floats, part: PartIndex, { nHeads, dModel }: { nHeads: number; dModel: number }): Float64Array {
  const [count, index] = isMlp(part) ? [1, 0] : [nHeads, part.head];
  const rows = data.length / (count * dModel);
  const out = new Float64Array(rows * dModel);
  for (let row = 0; row < rows; row++)
    for (let i = 0; i < dModel; i++) out[row * dModel + i] = data[(row * count + index) * dModel + i] as number;
  return out;
}
