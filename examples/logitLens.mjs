// Read the prediction off each layer: the right token appears when the induction head has written, not before.
import { handBuiltInduction, loadEngine, logitLens, repeatedProbe } from '@induction-lab/core/node';
import { heatmaps } from '@induction-lab/figures/node';
import { draw } from './draw.mjs';

const model = handBuiltInduction(await loadEngine({ exact: true }), { dVocab: 31, nCtx: 24 });
const tokens = repeatedProbe({ config: model.config, count: 1, seed: 1 }, 12);
const { probabilities, layers } = logitLens(model, tokens);
const next = Array.from(tokens[0].subarray(1));
const values = layers.map((_, layer) => next.map((token, position) => probabilities.at(layer, 0, position, token)));

draw('logitLens', (options) =>
  heatmaps(
    {
      title: 'Probability of the next token, read after each layer',
      ...{ rowAxis: 'after', columnAxis: 'position', unit: 'probability', scale: 'sequential' },
      panels: [
        {
          title: 'a block of 12, twice',
          rows: layers.map((layer) => `layer ${layer}`),
          columns: next.map((_, p) => String(p)),
          values: values.flat(),
        },
      ],
    },
    options,
  ),
);
const repeat = values.map((row) => row.slice(12).reduce((sum, p) => sum + p / 11, 0));
console.log(`on the repeat: ${repeat.map((p, layer) => `${p.toFixed(2)} after layer ${layer}`).join(', ')}`);
