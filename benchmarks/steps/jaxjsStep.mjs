// The reference step in jax-js on its WebAssembly backend, for Node (jaxjs.mjs) and for a page (jaxjsWorkers.mjs).
// jax-js counts references: an array passed to a function is consumed unless it is passed as `.ref`.
import { defaultDevice, init, jit, nn, numpy as np, random, tree, valueAndGrad } from '@jax-js/jax';
import { ADAMW, initialStd, REFERENCE, tokenBatch } from '../reference.mjs';

const { vocabulary, context, heads, layers, eps } = REFERENCE;

const layerNorm = (x, { gain, bias }) => {
  const mean = np.mean(x.ref, -1, { keepdims: true });
  const centred = x.sub(mean);
  const variance = np.mean(np.square(centred.ref), -1, { keepdims: true });
  return centred
    .div(np.sqrt(variance.add(eps)))
    .mul(gain)
    .add(bias);
};

/** [batch × pos, dModel] to [batch, head, pos, dHead]. */
const splitHeads = (x, batch) => np.transpose(x.reshape([batch, context, heads, -1]), [0, 2, 1, 3]);

function attention(x, { W_Q, W_K, W_V, W_O }, batch) {
  const dModel = x.shape[1];
  const q = splitHeads(np.matmul(x.ref, W_Q), batch);
  const k = splitHeads(np.matmul(x.ref, W_K), batch);
  const v = splitHeads(np.matmul(x, W_V), batch);
  const scores = np.matmul(q, np.transpose(k, [0, 1, 3, 2])).mul(1 / Math.sqrt(dModel / heads));
  const causal = np.tri(context, context, 0, { dtype: np.bool });
  const pattern = nn.softmax(np.where(causal, scores, -1e9), -1);
  const z = np.transpose(np.matmul(pattern, v), [0, 2, 1, 3]).reshape([batch * context, dModel]);
  return np.matmul(z, W_O);
}

/** Mean next-token loss of tokens and targets given one-hot: [batch × pos, vocabulary]. */
function lossOf({ W_E, W_pos, W_U, blocks, final }, tokens, targets, batch) {
  const dModel = W_E.shape[1];
  const positions = np.broadcastTo(W_pos, [batch, context, dModel]).reshape([batch * context, dModel]);
  let x = np.matmul(tokens, W_E).add(positions);
  for (const { norm, ...weights } of blocks) {
    const read = norm ? layerNorm(x.ref, norm) : x.ref;
    x = x.add(attention(read, weights, batch));
  }
  const logits = np.matmul(final ? layerNorm(x, final) : x, W_U);
  return nn
    .logSoftmax(logits, -1)
    .mul(targets)
    .sum()
    .mul(-1 / (batch * context));
}

function initialWeights({ dModel, layerNorm: withNorm }) {
  let seed = 0;
  const normal = (rows, columns) => random.normal(random.key(seed++), [rows, columns]).mul(initialStd({ dModel }));
  const norm = () => ({ gain: np.ones([dModel]), bias: np.zeros([dModel]) });
  const block = () => ({
    W_Q: normal(dModel, dModel),
    W_K: normal(dModel, dModel),
    W_V: normal(dModel, dModel),
    W_O: normal(dModel, dModel),
    ...(withNorm ? { norm: norm() } : {}),
  });
  return {
    W_E: normal(vocabulary, dModel),
    W_pos: normal(context, dModel),
    W_U: normal(dModel, vocabulary),
    blocks: Array.from({ length: layers }, block),
    ...(withNorm ? { final: norm() } : {}),
  };
}

/** One compiled step: loss, gradients and AdamW together, so that jax-js may fuse what it can. */
const compileStep = (batch) =>
  jit((state, tokens, targets, correction1, correction2) => {
    const oneHot = (ids) => nn.oneHot(ids, vocabulary);
    const [loss, gradients] = valueAndGrad((weights) => lossOf(weights, oneHot(tokens), oneHot(targets), batch))(
      tree.ref(state.weights),
    );
    const { beta1, beta2, epsilon, learningRate, weightDecay } = ADAMW;
    const m = tree.map((old, g) => old.mul(beta1).add(g.mul(1 - beta1)), state.m, tree.ref(gradients));
    const v = tree.map((old, g) => old.mul(beta2).add(np.square(g).mul(1 - beta2)), state.v, gradients);
    const weights = tree.map(
      (w, mean, square) => {
        const update = mean.mul(correction1.ref).div(np.sqrt(square.mul(correction2.ref)).add(epsilon));
        return w.mul(1 - learningRate * weightDecay).sub(update.mul(learningRate));
      },
      state.weights,
      tree.ref(m),
      tree.ref(v),
    );
    correction1.dispose();
    correction2.dispose();
    return { state: { weights, m, v }, loss };
  });

/** Resolves to a function that trains one step and resolves to the loss before the update. */
export async function createStep(cell) {
  await init('wasm');
  defaultDevice('wasm');
  const weights = initialWeights(cell);
  const zeros = () => tree.map((w) => np.zerosLike(w), tree.ref(weights));
  let state = { weights, m: zeros(), v: zeros() };
  const compiled = compileStep(cell.batch);
  let count = 0;
  return async () => {
    count++;
    const { tokens, targets } = tokenBatch(cell.batch);
    const corrections = [ADAMW.beta1, ADAMW.beta2].map((beta) => np.array(1 / (1 - beta ** count)));
    const result = compiled(
      state,
      np.array(tokens, { dtype: np.int32 }),
      np.array(targets, { dtype: np.int32 }),
      ...corrections,
    );
    state = result.state;
    return (await result.loss.data())[0];
  };
}
