// nanoGPT's and minGPT's state dicts: every element in its place, and the same logits as the model that they were made of.
import { expect, test } from 'vitest';
import { randomModel, randomTokens } from '../../../../test/support/models.ts';
import { referenceEngine } from '../../../engine/engine.ts';
import { Model } from '../../model.ts';
import type { NamedWeights } from '../../parameters.ts';
import { decodeCheckpoint } from '../checkpoint.ts';
import { FileFormatError } from '../fileFormatError.ts';
import { encodeSafetensors } from '../safetensors.ts';

const [D, HEADS, DHEAD, V, CTX] = [6, 3, 2, 7, 5];
const SIZES = { nLayers: 2, nHeads: HEADS, dModel: D, dHead: DHEAD, nCtx: CTX, dVocab: V, dMlp: 4 * D } as const;
const NANO = { n_layer: 2, n_head: HEADS, n_embd: D, block_size: CTX, vocab_size: V, bias: true, dropout: 0 };
const { bias: _, ...MIN } = { ...NANO, model_type: 'gpt-nano', embd_pdrop: 0.1 };

type Tensors = Record<string, NamedWeights[string]>;

/** What their PyTorch modules hold of a model of ours, element by element. */
function stateDict(weights: NamedWeights, { biases = true } = {}): Tensors {
  const out: Tensors = {};
  const put = (name: string, shape: number[], at: (...index: number[]) => number): void => {
    const [rows, columns = 1] = shape as [number, number?];
    const data = Float32Array.from({ length: rows * columns }, (_, i) => at(Math.floor(i / columns), i % columns));
    out[name] = { shape, data };
  };
  const of = (name: string): ArrayLike<number> => weights[name]!.data;
  const same = (theirs: string, ours: string): void => {
    if (weights[ours]) out[theirs] = weights[ours]!;
  };
  /** A Linear of a matrix [inputs, outputs] of ours. */
  const linear = (theirs: string, ours: string, [inputs, outputs]: [number, number]): void => {
    put(`${theirs}.weight`, [outputs, inputs], (o, i) => of(ours)[i! * outputs + o!]!);
    if (biases) same(`${theirs}.bias`, ours.replace('W_', 'b_'));
  };
  same('transformer.wte.weight', 'embed.W_E');
  same('transformer.wpe.weight', 'pos_embed.W_pos');
  for (const layer of [0, 1]) {
    const [h, block] = [`transformer.h.${layer}`, `blocks.${layer}`];
    for (const ln of [1, 2] as const) {
      same(`${h}.ln_${ln}.weight`, `${block}.ln${ln}.w`);
      if (biases) same(`${h}.ln_${ln}.bias`, `${block}.ln${ln}.b`);
    }
    const part = (row: number): [string, number, number] => [
      'QKV'[Math.floor(row / D)]!,
      Math.floor((row % D) / DHEAD),
      row % DHEAD,
    ];
    put(`${h}.attn.c_attn.weight`, [3 * D, D], (row, i) => {
      const [letter, head, c] = part(row!);
      return of(`${block}.attn.W_${letter}`)[(head * D + i!) * DHEAD + c]!;
    });
    if (biases)
      put(`${h}.attn.c_attn.bias`, [3 * D], (row) => {
        const [letter, head, c] = part(row!);
        return of(`${block}.attn.b_${letter}`)[head * DHEAD + c]!;
      });
    linear(`${h}.attn.c_proj`, `${block}.attn.W_O`, [D, D]);
    linear(`${h}.mlp.c_fc`, `${block}.mlp.W_in`, [D, 4 * D]);
    linear(`${h}.mlp.c_proj`, `${block}.mlp.W_out`, [4 * D, D]);
    put(`${h}.attn.bias`, [CTX, CTX], (q, k) => (k! <= q! ? 1 : 0));
  }
  same('transformer.ln_f.weight', 'ln_final.w');
  if (biases) same('transformer.ln_f.bias', 'ln_final.b');
  if (weights['unembed.W_U']) put('lm_head.weight', [V, D], (token, i) => of('unembed.W_U')[i! * V + token!]!);
  return out;
}

const tokens = randomTokens({ sequences: 2, length: CTX }, V);
/** Logits of a state dict, and of the model that it was made of, which has no bias of the unembedding as theirs have none. */
function both(options: object, config: object, dict: (weights: NamedWeights) => Tensors): ArrayLike<number>[] {
  const model = randomModel(referenceEngine, { ...SIZES, ...options });
  const weights = model.getWeights();
  for (const name of Object.keys(weights))
    if (name === 'unembed.b_U' || ('biases' in options && !options.biases && /ln\w*\.b$/.test(name)))
      model.setWeights({ [name]: { shape: weights[name]!.shape, data: new Float32Array(weights[name]!.data.length) } });
  const read = decodeCheckpoint(encodeSafetensors(dict(model.getWeights()), {}), 'ckpt.safetensors', { config });
  const theirs = new Model(referenceEngine, read.config);
  theirs.setWeights(read.weights);
  return [theirs.run(tokens).logits, model.run(tokens).logits];
}

test('nanoGPT: with biases, the exact GELU, an unembedding that is there', () => {
  const [theirs, ours] = both({ biases: true, actFn: 'gelu' }, NANO, stateDict);
  expect(theirs).toEqual(ours);
});

test('nanoGPT without biases, compiled, its unembedding tied', () => {
  const options = { biases: false, actFn: 'gelu', tied: true };
  const [theirs, ours] = both(options, { ...NANO, bias: false }, (weights) =>
    Object.fromEntries(
      Object.entries(stateDict(weights, { biases: false })).map(([name, tensor]) => [`_orig_mod.${name}`, tensor]),
    ),
  );
  expect(theirs).toEqual(ours);
});

test('minGPT: all biases, the tanh form of GELU', () => {
  const [theirs, ours] = both({ biases: true, actFn: 'gelu_new' }, MIN, stateDict);
  expect(theirs).toEqual(ours);
});

test('the config may stand in the file, as text', () => {
  const model = randomModel(referenceEngine, { ...SIZES, biases: true });
  const file = encodeSafetensors(stateDict(model.getWeights()), { config: JSON.stringify(NANO) });
  expect(decodeCheckpoint(file, 'ckpt.safetensors').config).toMatchObject({ nCtx: CTX, actFn: 'gelu', tied: false });
});

test('what is missing, or of another size, is one sentence', () => {
  const dict = stateDict(randomModel(referenceEngine, { ...SIZES, biases: true }).getWeights());
  const { 'transformer.h.1.mlp.c_fc.weight': _fc, ...short } = dict;
  const read = (tensors: Tensors, config: object) => () =>
    decodeCheckpoint(encodeSafetensors(tensors, {}), 'ckpt.safetensors', { config });
  expect(read(short, NANO)).toThrow(/lacks the tensor transformer\.h\.1\.mlp\.c_fc\.weight/);
  expect(read(dict, { ...NANO, n_embd: 12 })).toThrow(/shape \[7,6\], its config calls for \[7,12\]/);
  expect(read(dict, { ...NANO, n_layer: null })).toThrow(FileFormatError);
});
