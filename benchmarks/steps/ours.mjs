// The reference step in induction-lab, as a child of run.mjs (protocol: competitor.mjs). It trains through the public
// `train`, workers and records included, and pauses where a burst ends: what is timed is what a user of the library gets.
// The library is that of the `checkout` it is given, which may be another commit's (against.mjs).
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { referenceExperiment } from '../experiment.mjs';
import { serve } from './serve.mjs';

/** Who carries out the steps, as `train` of that commit asks for it: since 6a2cfb2 startWorkers makes what starts a pool. */
const workersOf = ({ startWorkers }) =>
  startWorkers.length === 0 ? { startPool: startWorkers() } : { startCrew: startWorkers };

async function create({ checkout, version, build, threads, ...cell }) {
  const library = await import(pathToFileURL(join(checkout, 'packages/core/dist/node.js')).href);
  const engine = await library.loadEngine({ exact: build === 'simd' });
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
  const running = library.train({
    engine,
    experiment: library.parseExperiment(referenceExperiment(cell)),
    seed: 0,
    threads,
    observer,
    pauseAt,
    ...workersOf(library),
  });
  running.catch((error) => {
    console.error(error.message);
    process.exit(1);
  });
  await started;
  const burst = (steps) => {
    pauseAt[0] = step + steps;
    return nextPause();
  };
  return { version, build: engine.backend, burst };
}

await serve(create);
