/** AdamW as an experiment, and a loop of one's own, has it unless told otherwise. */
export const ADAMW_DEFAULTS = {
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  weightDecay: 0.01,
  /** Embeddings and the matrices of heads; neither LayerNorm nor the unembedding. */
  decayed: ['*embed.*', '*.attn.*'],
} as const;
