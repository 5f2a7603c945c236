// The reference step in induction-lab's own terms.
import { parseExperiment } from '../packages/core/dist/node.js';
import { ADAMW, INITIAL_STD, PERIOD, REFERENCE } from './reference.mjs';

/** The reference step as an experiment without an end. */
export function referenceExperiment({ batch, layerNorm }) {
  const { vocabulary, context, dModel, heads, dHead, layers, eps } = REFERENCE;
  return parseExperiment({
    name: 'reference step',
    model: {
      nLayers: layers,
      nHeads: heads,
      dModel,
      dHead,
      nCtx: context,
      dVocab: vocabulary,
      positions: 'standard',
      normalization: layerNorm ? 'LN' : null,
      eps,
    },
    task: { kind: 'repeated', period: PERIOD },
    training: { steps: 10_000_000, batch, decayed: ['*'], initStd: INITIAL_STD, ...ADAMW },
  });
}
