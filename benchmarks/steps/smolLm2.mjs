// SmolLM2-135M's sizes, and weights and tokens to run it with: drawn, since speed does not depend on them.

export const SMOLLM2 = {
  ...{ nLayers: 30, nHeads: 9, nKeyValueHeads: 3, dModel: 576, dHead: 64, dMlp: 1536, dVocab: 49_152, nCtx: 128 },
  ...{ actFn: 'silu', gatedMlp: true, normalization: 'RMS', positions: 'rotary', rotaryBase: 100_000, tied: true },
};

/** Uniform numbers within ±0.035 (their deviation is 0.02) for every matrix; gains of norms are 1. */
export function drawWeights(model) {
  let state = 1;
  const draw = () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return (state / 2 ** 31) * 0.035;
  };
  return Object.fromEntries(
    Object.entries(model.getWeights())
      .filter(([, { shape }]) => shape.length > 1)
      .map(([name, { shape, data }]) => [name, { shape, data: data.map(draw) }]),
  );
}

/** Tokens of the vocabulary, far apart. */
export const tokensFor = (sequences, length) =>
  Array.from({ length: sequences }, (_, s) =>
    Array.from({ length }, (_, t) => (7919 * (s * length + t + 1)) % SMOLLM2.dVocab),
  );
