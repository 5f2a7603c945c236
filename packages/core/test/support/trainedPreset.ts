import { readFileSync } from 'node:fs';
import { Model } from '../../src/model/model.ts';
import { loadEngine, startWorkers } from '../../src/node.ts';
import { parseExperiment, withSteps } from '../../src/training/experiment.ts';
import { train } from '../../src/training/train.ts';

/** A preset's model, trained for so many steps on two threads with the fastest build. */
export async function trainedPreset(name: string, { steps, seed }: { steps: number; seed: number }): Promise<Model> {
  const json = JSON.parse(readFileSync(new URL(`../../presets/${name}.json`, import.meta.url), 'utf8'));
  const experiment = withSteps(parseExperiment(json), steps);
  const engine = await loadEngine();
  const { weights } = await train({ engine, experiment, seed, threads: 2, startPool: startWorkers() });
  const model = new Model(engine, experiment.model);
  model.setWeights(weights);
  return model;
}
