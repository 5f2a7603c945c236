// Two induction heads that share the work: ablating one does little, ablating both does everything.
import { ablateHeads, estimate, handBuiltInduction, loadEngine, RepeatSet } from '@induction-lab/core/node';
import { effectChart } from '@induction-lab/figures/node';
import { draw } from './draw.mjs';

const model = handBuiltInduction(await loadEngine({ exact: true }), { dVocab: 64, nCtx: 50 });

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
const cost = (...heads) => {
  const without = set.losses(
    ablateHeads(
      set,
      heads.map((head) => ({ layer: 1, head })),
    ),
  );
  return estimate(without.map((loss, sequence) => loss - set.clean[sequence]));
};
const rows = Object.entries({ L1H0: cost(0), L1H1: cost(1), both: cost(0, 1) }).map(([label, increase]) => ({
  label: `without ${label}`,
  ...{ value: increase.value, interval: increase.interval },
}));
console.log(
  rows.map(({ label, value }) => `${label}: +${value.toFixed(2)}${label.endsWith('L1H0') ? ' nats' : ''}`).join('; '),
);
const title = 'Two heads that share one job';
draw('setsOfHeads', (options) =>
  effectChart({ title, unit: 'rise of the loss on the repeat (nats)', groups: [{ rows }] }, options),
);
