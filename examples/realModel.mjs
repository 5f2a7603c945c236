// A language model of 260,000 parameters: it has previous-token heads and no induction. An honest map says so.
import { fileURLToPath } from 'node:url';
import { drawnTokens, headMap, loadEngine, loadModel, tokenizerOf } from '@induction-lab/core/node';
import { headMapChart } from '@induction-lab/figures/node';
import { draw } from './draw.mjs';

const folder = fileURLToPath(new URL('stories260K', import.meta.url));
const model = await loadModel(folder, { engine: await loadEngine({ exact: true }) });
const { tokens } = drawnTokens(model, { kinds: await tokenizerOf(folder) });
const { heads, chance, marked } = headMap(model, { tokens, sequences: 4, period: 25 });

const { nLayers, nHeads } = model.config;
const panel = (title, hue, score, strong = []) => ({
  ...{ title, hue, chance: chance[score], values: heads.map((head) => head[score].value) },
  marked: strong.map((label) => heads.findIndex((head) => head.label === label)),
});
draw('realModel', (options) =>
  headMapChart(
    {
      title: 'stories260K: where its heads look, on random tokens that repeat',
      ...{ layers: nLayers, heads: nHeads },
      panels: [
        panel('induction (excess)', 'blue', 'inductionExcess', marked.induction),
        panel('previous token', 'orange', 'previousToken', marked['previous-token']),
      ],
    },
    options,
  ),
);
console.log(
  `induction: ${marked.induction.join(', ') || 'none'}; previous token: ${marked['previous-token'].join(', ')}`,
);
