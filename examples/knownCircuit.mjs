// A model whose circuit is known on paper, and what each analysis says of it.
import {
  activationPatching,
  corruptedPair,
  edgeMatrix,
  evaluateCircuit,
  handBuiltInduction,
  loadEngine,
  pathTable,
} from '@induction-lab/core/node';
import { heatmaps } from '@induction-lab/figures/node';
import { draw } from './draw.mjs';

const model = handBuiltInduction(await loadEngine({ exact: true }), { dVocab: 31, nCtx: 34 });

// Every path from a head of layer 0 into a head of layer 1: only L0H0 → L1H0's keys should carry anything.
const { cells } = pathTable(model, { sequences: 16 });
for (const { source, target, input, increase } of cells)
  if (Math.abs(increase.value) > 0.01)
    console.log(`${source} → ${target} ${input}: +${increase.value.toFixed(2)} nats`);

// Change the earlier copy of one token. What undoes the damage? L0H0 at the position after it, L1H0 at the query.
const pair = corruptedPair({ config: model.config, count: 16, seed: 1 }, 14, 'change-match');
for (const { label, position, effect } of activationPatching(model, pair, { byPosition: true }).effects)
  if (position !== null && effect.value > 0.5)
    console.log(`${label} at position ${position} undoes ${effect.value.toFixed(2)}`);

console.log(evaluateCircuit(model, { sequences: 24 }).sentence);

const panels = ['k', 'q', 'v'].map((input) => {
  const { sources, targets, values } = edgeMatrix(cells, input, ({ increase }) => increase.value);
  return { title: input.toUpperCase(), rows: sources, columns: targets, values: values.flat() };
});
const axes = { rowAxis: 'earlier head', columnAxis: 'later head', scale: 'diverging' };
const title = 'What each path carries';
draw('knownCircuit', (options) =>
  heatmaps({ title, ...axes, unit: 'rise of the loss without it (nats)', panels }, options),
);
