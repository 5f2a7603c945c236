// Two induction heads that share the work: ablating one does little, ablating both does everything.
import { ablateHeads, handBuiltInduction, loadEngine, RepeatSet } from '@induction-lab/core/node';

const engine = await loadEngine({ shared: false });
const model = handBuiltInduction(engine, { dVocab: 64, nCtx: 50 });

// Give the idle head L1H1 the weights of L1H0, and each of them half of its output.
const weights = model.getWeights();
for (const name of ['W_Q', 'W_K', 'W_V', 'W_O']) {
  const { shape, data } = weights[`blocks.1.attn.${name}`];
  const size = data.length / shape[0]; // [head, ...]
  const factor = name === 'W_O' ? 0.5 : 1;
  const shared = Array.from(data, (_, i) => factor * data[i % size]);
  model.setWeights({ [`blocks.1.attn.${name}`]: { shape, data: shared } });
}

const set = new RepeatSet(model, { sequences: 32, seed: 1, periods: [10, 15, 20, 25] });
const mean = (values) => values.reduce((a, b) => a + b) / values.length;
const cost = (...heads) => {
  const named = heads.map((head) => ({ layer: 1, head }));
  return (mean(set.losses(ablateHeads(set, named))) - mean(set.clean)).toFixed(2);
};
console.log(`without L1H0: +${cost(0)} nats; without L1H1: +${cost(1)}; without both: +${cost(0, 1)}`);
