// The reference step in induction-lab, as a child of run.mjs (protocol: competitor.mjs). It trains through the public
// `train`, workers and records included, and pauses where a burst ends: what is timed is what a user of the library gets.
import { loadEngine, startWorkers, train } from '../packages/core/dist/node.js';
import { referenceExperiment } from './experiment.mjs';
import { serve } from './serve.mjs';

async function create({ batch, layerNorm, threads, build }) {
  const engine = await loadEngine({ exact: build === 'simd' });
  const pauseAt = [1];
  let loss = Number.NaN;
  let step = 0;
  let go = () => {};
  let arrive = () => {};
  const onPause = (pause) => {
    step = pause.step;
    arrive(loss);
    return new Promise((resolve) => {
      go = resolve;
    });
  };
  const nextPause = () => {
    const arrived = new Promise((resolve) => {
      arrive = resolve;
    });
    go();
    return arrived;
  };
  const started = nextPause();
  const observer = {
    onPause,
    onStep(record) {
      loss = record.loss;
    },
  };
  train({
    engine,
    experiment: referenceExperiment({ batch, layerNorm }),
    seed: 0,
    threads,
    startPool: startWorkers(),
    observer,
    pauseAt,
  }).catch((error) => {
    console.error(error.message);
    process.exit(1);
  });
  await started;
  const burst = (steps) => {
    pauseAt[0] = step + steps;
    return nextPause();
  };
  return { version: 'induction-lab', build: engine.backend, burst };
}

await serve(create);
