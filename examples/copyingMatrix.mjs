// Does a head copy? Its full OV circuit says, from the weights alone: attend to a token, and that token's logit rises.
import { handBuiltHub, handBuiltInduction, loadEngine, WeightCircuits } from '@induction-lab/core/node';
import { heatmaps } from '@induction-lab/figures/node';
import { draw } from './draw.mjs';

const engine = await loadEngine({ exact: true });
const models = {
  'induction head': handBuiltInduction(engine, { dVocab: 16, nCtx: 16 }),
  'pair hub': handBuiltHub(engine, { dVocab: 16, nCtx: 16 }),
};
const tokens = Array.from({ length: 16 }, (_, token) => String(token));
const panels = Object.entries(models).map(([title, model]) => {
  const circuit = new WeightCircuits(model.config, model.getWeights()).fullOV({ layer: 1, head: 0 });
  console.log(`${title}: trace ${circuit.dense().trace()}`);
  return { title: `L1H0 of the ${title}`, rows: tokens, columns: tokens, values: circuit.dense().to1DArray() };
});

draw('copyingMatrix', (options) =>
  heatmaps(
    {
      title: 'Full OV circuits, W_E W_V W_O W_U: the hub copies another head’s note, not the token',
      rowAxis: 'token attended to',
      columnAxis: 'token whose logit changes',
      unit: 'change of the logit',
      scale: 'diverging',
      panels,
    },
    options,
  ),
);
