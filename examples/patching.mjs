// One token is another one: which activation, put back at which position, brings the prediction back?
import { activationPatching, corruptedPair, handBuiltInduction, loadEngine } from '@induction-lab/core/node';
import { heatmaps } from '@induction-lab/figures/node';
import { draw } from './draw.mjs';

const model = handBuiltInduction(await loadEngine({ exact: true }), { dVocab: 31, nCtx: 24 });
const pair = corruptedPair({ config: model.config, count: 16, seed: 1 }, 10, 'change-match');
const { effects } = activationPatching(model, pair, { byPosition: true });

const places = effects.filter(({ position }) => position !== null);
const rows = [...new Set(places.map(({ label }) => label))];
const positions = [...new Set(places.map(({ position }) => position))];
const at = (label, where) => places.find((place) => place.label === label && place.position === where).effect.value;

draw('patching', (options) =>
  heatmaps(
    {
      title: 'What each head restores, position by position',
      rowAxis: 'head, its output put back',
      columnAxis: 'position',
      unit: 'share of the loss that is undone',
      scale: 'diverging',
      panels: [
        {
          title: 'z',
          rows,
          columns: positions.map(String),
          values: rows.flatMap((r) => positions.map((p) => at(r, p))),
        },
      ],
    },
    options,
  ),
);
for (const { label, position, effect } of places)
  if (effect.value > 0.5) console.log(`${label} at position ${position} undoes ${effect.value.toFixed(2)}`);
