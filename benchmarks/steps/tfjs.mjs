// The reference step in TensorFlow.js on its WebAssembly backend, as a child of run.mjs (protocol: competitor.mjs).
import { register } from 'node:module';
import { fileURLToPath } from 'node:url';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import { ADAMW, initialStd, REFERENCE, tokenBatch } from '../reference.mjs';
import { serve } from './serve.mjs';

register('./tfjsResolve.mjs', import.meta.url);
await import('@tensorflow/tfjs-core/dist/register_all_gradients.js');

const { vocabulary, context, heads, layers, eps } = REFERENCE;

/** Weights by name, in a list that gradients keep to. */
function initialWeights({ dModel, layerNorm: withNorm }) {
  const std = initialStd({ dModel });
  const weights = new Map();
  const normal = (name, rows) => weights.set(name, tf.randomNormal([rows, dModel], 0, std));
  const norm = (name) => weights.set(`${name}.gain`, tf.ones([dModel])).set(`${name}.bias`, tf.zeros([dModel]));
  normal('W_E', vocabulary);
  normal('W_pos', context);
  for (let layer = 0; layer < layers; layer++) {
    for (const name of ['W_Q', 'W_K', 'W_V', 'W_O']) normal(`${layer}.${name}`, dModel);
    if (withNorm) norm(`${layer}.norm`);
  }
  if (withNorm) norm('final');
  weights.set('W_U', tf.randomNormal([dModel, vocabulary], 0, std));
  return weights;
}

const layerNorm = (x, gain, bias) => {
  const centred = tf.sub(x, tf.mean(x, -1, true));
  const variance = tf.mean(tf.square(centred), -1, true);
  return tf.add(tf.mul(tf.div(centred, tf.sqrt(tf.add(variance, eps))), gain), bias);
};

/** [batch × pos, dModel] to [batch × head, pos, dHead]. */
const splitHeads = (x, batch) =>
  tf.reshape(tf.transpose(tf.reshape(x, [batch, context, heads, -1]), [0, 2, 1, 3]), [batch * heads, context, -1]);

/** 0 where a query may look, −10⁹ above the diagonal. */
const causalMask = () =>
  tf.tensor(
    Float32Array.from({ length: context * context }, (_, i) => (i % context > Math.floor(i / context) ? -1e9 : 0)),
    [1, context, context],
  );

function attention(x, weight, mask, batch) {
  const [, dModel] = x.shape;
  const [q, k, v] = ['W_Q', 'W_K', 'W_V'].map((name) => splitHeads(tf.matMul(x, weight(name)), batch));
  const scores = tf.add(tf.mul(tf.matMul(q, k, false, true), 1 / Math.sqrt(dModel / heads)), mask);
  const z = tf.reshape(tf.matMul(tf.softmax(scores), v), [batch, heads, context, -1]);
  return tf.matMul(tf.reshape(tf.transpose(z, [0, 2, 1, 3]), [batch * context, dModel]), weight('W_O'));
}

/** Mean next-token loss of tokens and targets given one-hot: [batch × pos, vocabulary]. */
function lossOf(weight, { tokens, targets, mask, batch, withNorm }) {
  const [, dModel] = weight('W_pos').shape;
  const norm = (x, name) => (withNorm ? layerNorm(x, weight(`${name}.gain`), weight(`${name}.bias`)) : x);
  const embedded = tf.reshape(tf.matMul(tokens, weight('W_E')), [batch, context, dModel]);
  let x = tf.reshape(tf.add(embedded, weight('W_pos')), [batch * context, dModel]);
  for (let layer = 0; layer < layers; layer++) {
    const ofLayer = (name) => weight(`${layer}.${name}`);
    x = tf.add(x, attention(norm(x, `${layer}.norm`), ofLayer, mask, batch));
  }
  const logits = tf.matMul(norm(x, 'final'), weight('W_U'));
  return tf.mul(tf.sum(tf.mul(tf.logSoftmax(logits), targets)), -1 / (batch * context));
}

/** Decoupled weight decay, then Adam; tfjs-core has no AdamW of its own. */
function adamW(w, g, state, count) {
  const { beta1, beta2, epsilon, learningRate, weightDecay } = ADAMW;
  const m = tf.add(tf.mul(state.m, beta1), tf.mul(g, 1 - beta1));
  const v = tf.add(tf.mul(state.v, beta2), tf.mul(tf.square(g), 1 - beta2));
  const root = tf.sqrt(tf.mul(v, 1 / (1 - beta2 ** count)));
  const update = tf.div(tf.mul(m, learningRate / (1 - beta1 ** count)), tf.add(root, epsilon));
  return [tf.sub(tf.mul(w, 1 - learningRate * weightDecay), update), m, v];
}

await serve(async (cell) => {
  setWasmPaths(fileURLToPath(new URL('../node_modules/@tensorflow/tfjs-backend-wasm/wasm-out/', import.meta.url)));
  await tf.setBackend('wasm');
  await tf.ready();
  const { batch, layerNorm: withNorm } = cell;
  const initial = initialWeights(cell);
  const names = [...initial.keys()];
  let weights = [...initial.values()];
  let moments = weights.map((w) => ({ m: tf.zerosLike(w), v: tf.zerosLike(w) }));
  const mask = causalMask();
  let count = 0;
  const step = async () => {
    count++;
    const drawn = tokenBatch(batch);
    const old = [...weights, ...moments.flatMap(({ m, v }) => [m, v])];
    const loss = tf.tidy(() => {
      const oneHot = (ids) => tf.cast(tf.oneHot(tf.tensor1d(ids, 'int32'), vocabulary), 'float32');
      const given = { tokens: oneHot(drawn.tokens), targets: oneHot(drawn.targets), mask, batch, withNorm };
      const { value, grads } = tf.valueAndGrads((...ws) => lossOf((name) => ws[names.indexOf(name)], given))(weights);
      const next = weights.map((w, i) => adamW(w, grads[i], moments[i], count));
      weights = next.map(([w]) => tf.keep(w));
      moments = next.map(([, m, v]) => ({ m: tf.keep(m), v: tf.keep(v) }));
      return value;
    });
    tf.dispose(old);
    const [value] = await loss.data();
    loss.dispose();
    return value;
  };
  return { version: `tfjs ${tf.version_core}`, build: tf.getBackend(), step };
});
