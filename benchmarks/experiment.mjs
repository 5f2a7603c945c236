// The reference step in induction-lab's own terms.
import { ADAMW, initialStd, PERIOD, sizesOf } from './reference.mjs';

/** The reference step as an experiment without an end, as it is given to the library's parseExperiment. */
export function referenceExperiment({ batch, dModel, layerNorm }) {
  const { vocabulary, context, heads, dHead, layers, eps } = sizesOf({ dModel });
  return {
    name: 'reference step',
    model: {
      nLayers: layers,
      nHeads: heads,
      dModel,
      dHead,
      nCtx: context + 1, // every position but the last is trained on
      dVocab: vocabulary,
      positions: 'standard',
      normalization: layerNorm ? 'LN' : null,
      eps,
    },
    task: { kind: 'repeated', period: PERIOD },
    training: { steps: 10_000_000, batch, decayed: ['*'], initStd: initialStd({ dModel }), ...ADAMW },
  };
}
