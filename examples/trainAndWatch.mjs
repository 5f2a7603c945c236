// Train a model in seconds and watch the phase change: the loss on the repeat rests, then falls.
import { loadEngine, parseExperiment, segmentsOf, startInline, train } from '@induction-lab/core/node';
import { lossChart } from '@induction-lab/figures/node';
import { draw } from './draw.mjs';

const experiment = parseExperiment({
  name: 'small',
  model: {
    ...{ nLayers: 2, nHeads: 2, dModel: 32, dHead: 16, nCtx: 24, dVocab: 16 },
    ...{ positions: 'shortformer', normalization: 'LN' },
  },
  task: { kind: 'varied', periods: [4, 12] },
  training: { steps: 400, batch: 32, learningRate: 0.01 },
});
const points = [];
await train({
  ...{
    engine: await loadEngine({ exact: true, shared: false }),
    experiment,
    seed: 1,
    threads: 1,
    startPool: startInline(),
  },
  observer: { onStep: ({ step, segments }) => points.push({ step, segments }) },
});

const record = {
  title: 'Sixteen tokens, periods 4 to 12: the repeat is predictable, and then it is predicted',
  points,
  segments: segmentsOf(experiment.task),
  lnVocab: Math.log(experiment.model.dVocab),
  xScale: 'linear',
};
draw('trainAndWatch', (options) => lossChart(record, options));
const at = (step) => points[step - 1].segments.repeat.toFixed(2);
console.log(`loss on the repeat: ${at(100)} nats at step 100, ${at(400)} at step 400`);
