// The reference step: the model, its task and its optimiser, the same for everyone who is measured. A cell
// { batch, dModel, layerNorm, threads } is the setting in which it is measured.

/** Vocabulary 64, context 50, two layers of four heads; standard positions, no biases, untied. */
export const REFERENCE = { vocabulary: 64, context: 50, heads: 4, layers: 2, eps: 1e-5 };

export const ADAMW = { learningRate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01 };

/**
 * Weights start as N(0, 0.2² · 64 / dModel): so far from uniform guessing, at every width, with LayerNorm and without,
 * that the loss falls visibly within three steps.
 */
export const initialStd = ({ dModel }) => 0.2 * Math.sqrt(64 / dModel);

/** Every sequence is a random block of half the context, repeated. */
export const PERIOD = 25;

/** The model's sizes in a cell; the heads share dModel among them. */
export const sizesOf = ({ dModel }) => ({ ...REFERENCE, dModel, dHead: dModel / REFERENCE.heads });

/** A cell in words, as everything that is printed names it. */
export const describeCell = ({ batch, dModel, layerNorm, threads }) =>
  `Batch ${batch}, dModel ${dModel}, ${layerNorm ? 'with' : 'no'} LayerNorm, ${threads} thread${threads === 1 ? '' : 's'}`;

/** A batch of the task for the competitors in JavaScript: tokens and next tokens, [batch × pos]. */
export function tokenBatch(batch) {
  const { vocabulary, context } = REFERENCE;
  const tokens = new Int32Array(batch * context);
  const targets = new Int32Array(batch * context);
  const block = new Int32Array(PERIOD);
  for (let s = 0; s < batch; s++) {
    for (let t = 0; t < PERIOD; t++) block[t] = Math.floor(Math.random() * vocabulary);
    for (let t = 0; t < context; t++) {
      tokens[s * context + t] = block[t % PERIOD];
      targets[s * context + t] = block[(t + 1) % PERIOD];
    }
  }
  return { tokens, targets };
}
