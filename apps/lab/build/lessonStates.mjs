// The trained models that the lesson's buttons show, as files that the page fetches in place of training them again: weights
// and losses by the build that gives the same bits on every machine. node lessonStates.mjs writes them, and a test compares them with what
// training gives.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import {
  encodeCheckpoint,
  KERNELS_VERSION,
  loadEngine,
  parseExperiment,
  segmentsOf,
  startWorkers,
  train,
} from '@induction-lab/core/node';

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const SEED = 1;
/** Fewer steps than these are trained while one looks. */
const FEW = 100;

/** The presets and steps that buttons of the lesson and of the exercises name, each once: [preset, step]. */
export function statesOfLesson() {
  const texts = ['../../../docs/lesson.md', '../src/lesson/Exercises.tsx'].map((path) =>
    readFileSync(at(path), 'utf8'),
  );
  const links = texts.flatMap((text) => [...text.matchAll(/preset=([\w-]+)&seed=1&step=(\d+)(?=[&'" ])/g)]);
  const named = new Set(
    links.filter(([, , step]) => Number(step) >= FEW).map(([, preset, step]) => `${preset} ${step}`),
  );
  return [...named].sort().map((name) => [name.split(' ')[0], Number(name.split(' ')[1])]);
}

/** Weights at these steps, and the records of all steps up to the last of them: the run is stopped there, never planned shorter. */
export async function trainTo(engine, experiment, steps, seed = SEED) {
  const states = new Map();
  const records = [];
  const enough = new AbortController();
  await train({
    ...{ engine, experiment, seed, threads: 2, startPool: startWorkers(), pauseAt: steps, signal: enough.signal },
    observer: {
      onStep: (record) => {
        records.push(record);
      },
      onPause: ({ step, weights }) => {
        if (steps.includes(step)) states.set(step, weights());
        if (step >= Math.max(...steps)) enough.abort();
      },
    },
  });
  return { states, records };
}

const rounded = (x) => (x === null ? null : Math.round(x * 1000) / 1000);

/** A state as a file: a checkpoint whose metadata say which run it is of, and what its losses were on the way. */
function encoded(experiment, { step, weights, records }) {
  const names = segmentsOf(experiment.task)
    .filter(({ single }) => !single)
    .map(({ name }) => name);
  const losses = Object.fromEntries(
    names.map((name) => [name, records.map(({ segments }) => rounded(segments[name]))]),
  );
  return encodeCheckpoint(experiment.model, weights, {
    ...{ experiment: experiment.name, seed: String(SEED), step: String(step), kernels: String(KERNELS_VERSION) },
    losses: JSON.stringify(losses),
  });
}

/** Every file: its name, and its bytes. `trained` gives what has been trained already. */
export async function lessonStates(trained = trainTo) {
  const engine = await loadEngine({ exact: true });
  const files = new Map();
  const all = statesOfLesson();
  for (const preset of new Set(all.map(([name]) => name))) {
    const raw = JSON.parse(readFileSync(at(`../../../packages/core/presets/${preset}.json`), 'utf8'));
    const experiment = parseExperiment(raw);
    const steps = all.filter(([name]) => name === preset).map(([, step]) => step);
    const { states, records } = await trained(engine, experiment, steps);
    for (const step of steps)
      files.set(
        `${preset}-${step}.safetensors`,
        encoded(experiment, { step, weights: states.get(step), records: records.slice(0, step) }),
      );
  }
  return files;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const folder = at('../src/lesson/states/');
  mkdirSync(folder, { recursive: true });
  for (const [name, bytes] of await lessonStates()) {
    writeFileSync(folder + name, bytes);
    console.log(`${name}: ${bytes.length} bytes`);
  }
}
