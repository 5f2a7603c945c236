// The promised picture in numbers: trains a preset of that data and measures the five properties on the model.
import { readFileSync } from 'node:fs';
import { audit } from '../../src/circuits/claims/audit.ts';
import type { AuditRecord } from '../../src/circuits/claims/auditRecord.ts';
import { type PictureNumbers, pictureNumbers } from '../../src/circuits/claims/pictureProperties.ts';
import type { Engine } from '../../src/engine/engine.ts';
import { Model } from '../../src/model/model.ts';
import type { NamedWeights } from '../../src/model/parameters.ts';
import { loadEngine, startWorkers } from '../../src/node.ts';
import { type Experiment, parseExperiment } from '../../src/training/experiment.ts';
import { finalLosses } from '../../src/training/finalLosses.ts';
import { train } from '../../src/training/train.ts';
import type { StepRecord } from '../../src/training/trainLoop.ts';

/** What one training came to. */
export interface Picture extends PictureNumbers {
  readonly model: Model;
  readonly record: AuditRecord;
}

/** A preset of the picture's data. */
export const pictureExperiment = (preset: 'picture' | 'hub'): Experiment =>
  parseExperiment(JSON.parse(readFileSync(new URL(`../../presets/${preset}.json`, import.meta.url), 'utf8')));

/** Trains a preset of two layers on the fastest build and two threads, and measures it. */
export async function pictureOf(preset: 'picture' | 'hub', seed: number): Promise<Picture> {
  const engine = await loadEngine();
  const experiment = pictureExperiment(preset);
  const records: StepRecord[] = [];
  const observer = { onStep: (record: StepRecord) => void records.push(record) };
  const { weights } = await train({ engine, experiment, seed, threads: 2, startPool: startWorkers(), observer });
  return measurePicture(engine, experiment, { weights, records });
}

/** Measures what a training came to, from its last weights and the records of its steps. */
export function measurePicture(
  engine: Engine,
  experiment: Experiment,
  { weights, records }: { weights: NamedWeights; records: readonly StepRecord[] },
): Picture {
  const model = new Model(engine, experiment.model);
  model.setWeights(weights);
  const record = audit(model);
  const { first, repeat } = finalLosses(records);
  return { model, record, ...pictureNumbers(model, { audit: record, losses: { first: first!, repeat: repeat! } }) };
}
