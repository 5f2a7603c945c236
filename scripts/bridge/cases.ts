// Tiny models of every family that TransformerLens 3 has too: awkward sizes, everything drawn.
import {
  handBuiltInduction,
  Model,
  type ModelOptions,
  modelConfig,
  RandomStream,
  referenceEngine,
} from '../../packages/core/src/index.ts';

const SIZES = { nLayers: 2, nHeads: 3, dModel: 10, dHead: 4, nCtx: 13, dVocab: 19 };
const GATED = { normalization: 'RMS', dMlp: 7, actFn: 'silu', gatedMlp: true } as const;

export const CASES: Readonly<Record<string, ModelOptions>> = {
  'attention only': { ...SIZES, normalization: null },
  'attention only, LayerNorm': { ...SIZES, normalization: 'LN' },
  'attention only, biases': { ...SIZES, normalization: 'LN', biases: true },
  'attention scale': { ...SIZES, normalization: 'LN', attnScale: 1.7 },
  shortformer: { ...SIZES, positions: 'shortformer' },
  'rotary, halves': { ...SIZES, positions: 'rotary' },
  'rotary, adjacent pairs, partial': {
    ...SIZES,
    dHead: 6,
    positions: 'rotary',
    rotaryDim: 4,
    rotaryAdjacentPairs: true,
  },
  'rotary, base': { ...SIZES, positions: 'rotary', rotaryBase: 100 },
  ALiBi: { ...SIZES, nHeads: 4, positions: 'alibi' },
  'GPT-2 (gelu_new, biases)': { ...SIZES, dHead: 4, dModel: 12, biases: true, tied: true, dMlp: 7, actFn: 'gelu_new' },
  'MLP, relu': { ...SIZES, normalization: null, dMlp: 7, actFn: 'relu' },
  'MLP, gelu': { ...SIZES, dMlp: 7, actFn: 'gelu', biases: true },
  'MLP, silu': { ...SIZES, dMlp: 7, actFn: 'silu' },
  'Pythia (parallel, rotary)': {
    ...SIZES,
    dModel: 12,
    positions: 'rotary',
    rotaryDim: 2,
    biases: true,
    dMlp: 7,
    actFn: 'gelu',
    parallelAttnMlp: true,
  },
  'GPT-J (parallel, adjacent pairs)': {
    ...SIZES,
    dModel: 12,
    positions: 'rotary',
    rotaryAdjacentPairs: true,
    biases: true,
    dMlp: 7,
    actFn: 'gelu_new',
    parallelAttnMlp: true,
  },
  RMSNorm: { ...SIZES, normalization: 'RMS' },
  'gated, biases': { ...SIZES, ...GATED, actFn: 'gelu', biases: true },
  'Llama (gated, RMSNorm, grouped keys and values)': {
    ...SIZES,
    dModel: 12,
    nHeads: 6,
    nKeyValueHeads: 2,
    ...GATED,
    positions: 'rotary',
  },
  'Llama 3 (scaled rotary)': {
    ...{ ...SIZES, dModel: 12, nHeads: 4, nKeyValueHeads: 2, ...GATED, positions: 'rotary', rotaryBase: 500 },
    rotaryScaling: { factor: 8, lowFreqFactor: 1, highFreqFactor: 4, originalCtx: 40 },
  },
  'Qwen 3 (norm of queries and keys)': {
    ...{ ...SIZES, dModel: 14, nHeads: 6, nKeyValueHeads: 3, ...GATED, positions: 'rotary', qkNorm: true },
  },
};

/** Weights that float32 holds exactly: N(0, 0.3²), gains about 1; what the case's family has no place for is as that family has it. */
export function drawnModel(options: ModelOptions, seed: number): Model {
  const isGptJ = options.dMlp !== undefined && options.rotaryAdjacentPairs === true;
  // With an MLP no bias of the unembedding, for which few families have a place; in GPT-J none of attention, and one norm a layer.
  const none = isGptJ ? /^unembed\.b_U$|attn\.b_/ : options.dMlp === undefined ? /^$/ : /^unembed\.b_U$/;
  const model = new Model(referenceEngine, modelConfig(options));
  const own = model.getWeights();
  const names = Object.keys(own);
  const weights = names.map((name) => {
    const { shape, data } = own[name]!;
    const random = new RandomStream(seed, names.indexOf(isGptJ ? name.replace('.ln2.', '.ln1.') : name));
    const gain = name.endsWith('.w') ? 1 : 0;
    const draw = (): number => Math.fround(gain + 0.3 * random.normal());
    return [name, { shape, data: Float64Array.from(data, none.test(name) ? () => 0 : draw) }] as const;
  });
  model.setWeights(Object.fromEntries(weights));
  return model;
}

/** A block of six different tokens, twice: [3, 12]. */
export function repeatedTokens({ dVocab }: { dVocab: number }): number[][] {
  return [1, 2, 3].map((s) => {
    const block = Array.from({ length: 6 }, (_, t) => (s * 5 + t * 7) % dVocab);
    return [...block, ...block];
  });
}

/** The model of docs/transformerlens.md's table: the induction circuit written down, with a third head and noise. */
export function everydayModel(): Model {
  const written = handBuiltInduction(referenceEngine, { dVocab: 11, nCtx: 13 });
  const model = new Model(referenceEngine, { ...written.config, nHeads: 3 });
  const own = written.getWeights();
  const weights = Object.entries(model.getWeights()).map(([name, { shape, data }], i) => {
    const random = new RandomStream(1, i);
    const known = own[name]!.data; // of heads the first two
    const noisy = Float64Array.from(data, (_, at) => Math.fround((known[at] ?? 0) + 0.1 * random.normal()));
    return [name, { shape, data: noisy }] as const;
  });
  model.setWeights(Object.fromEntries(weights));
  return model;
}
