// The promised picture in numbers: trains a preset of that data and measures the five properties on the model.
import { readFileSync } from 'node:fs';
import { ablate } from '../../src/circuits/causal/ablation.ts';
import { audit } from '../../src/circuits/claims/audit.ts';
import type { AuditRecord } from '../../src/circuits/claims/auditRecord.ts';
import { RepeatSet } from '../../src/circuits/data/repeatSet.ts';
import { mean } from '../../src/circuits/statistics/estimate.ts';
import type { Engine } from '../../src/engine/engine.ts';
import { allHeads, labelOf } from '../../src/model/heads.ts';
import { Model } from '../../src/model/model.ts';
import type { NamedWeights } from '../../src/model/parameters.ts';
import { loadEngine, startWorkers } from '../../src/node.ts';
import { type Experiment, parseExperiment } from '../../src/training/experiment.ts';
import { finalLosses } from '../../src/training/finalLosses.ts';
import { train } from '../../src/training/train.ts';
import type { StepRecord } from '../../src/training/trainLoop.ts';

/** What one training came to. Losses in nats, scores as shares of attention. */
export interface Picture {
  readonly model: Model;
  readonly record: AuditRecord;
  readonly lossFirst: number;
  readonly lossRepeat: number;
  /** First step with lossRepeat below 1 nat. */
  readonly drop: number;
  /** Previous-token scores of layer 0 and period-free excess of layer 1, the largest first. */
  readonly previousToken: readonly number[];
  readonly excess: readonly number[];
  /** Increase of lossRepeat with all heads but the two zero-ablated together. */
  readonly quiet: number;
}

/** The five properties by name, and whether a training has them. */
export const PROPERTIES: Readonly<Record<string, (picture: Picture) => boolean>> = {
  'first occurrence at ln 64: 4.1 to 4.3': ({ lossFirst }) => lossFirst > 4.1 && lossFirst < 4.3,
  'repeat below 0.05': ({ lossRepeat }) => lossRepeat < 0.05,
  'one layer-0 previous-token score above 0.7, the others below 0.25': ({ previousToken: [a, b] }) =>
    a! > 0.7 && b! < 0.25,
  'one layer-1 excess above 0.8, the others below 0.2': ({ excess: [a, b] }) => a! > 0.8 && b! < 0.2,
  'the six others ablated together cost less than 0.01': ({ quiet }) => Math.abs(quiet) < 0.01,
};

const descending = (values: readonly number[]): number[] => [...values].sort((a, b) => b - a);

/** A preset as it stands in its file. */
// biome-ignore lint/suspicious/noExplicitAny: its fields are checked when it is parsed
type PresetJson = any;

/** A preset of the picture's data, or what `change` makes of it. */
export function pictureExperiment(
  preset: 'picture' | 'hub',
  change: (json: PresetJson) => void = () => undefined,
): Experiment {
  const json = JSON.parse(readFileSync(new URL(`../../presets/${preset}.json`, import.meta.url), 'utf8'));
  change(json);
  return parseExperiment(json);
}

/** Trains a preset of two layers, or what `change` makes of it, on the fastest build and two threads, and measures it. */
export async function pictureOf(
  preset: 'picture' | 'hub',
  seed: number,
  change?: (json: PresetJson) => void,
): Promise<Picture> {
  const engine = await loadEngine();
  const experiment = pictureExperiment(preset, change);
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
  const { heads } = record.scores;
  const layer = (wanted: number): typeof heads => heads.filter((head) => head.layer === wanted);
  const top = (from: typeof heads, score: 'previousToken' | 'inductionExcess'): string =>
    from.reduce((a, b) => (b[score].value > a[score].value ? b : a)).label;
  const two = [top(layer(0), 'previousToken'), top(layer(1), 'inductionExcess')];
  const set = new RepeatSet(model, { sequences: 48, seed: 1, periods: [8, 12, 16, 20, 25] });
  const others = allHeads(model.config).filter((head) => !two.includes(labelOf(head)));
  const last = finalLosses(records);
  return {
    model,
    record,
    lossFirst: last.first!,
    lossRepeat: last.repeat!,
    drop: 1 + records.findIndex(({ segments }) => segments.repeat! < 1),
    previousToken: descending(layer(0).map((head) => head.previousToken.value)),
    excess: descending(layer(1).map((head) => head.inductionExcess.value)),
    quiet: mean(set.losses(ablate(model.config, others, 'zero'))) - mean(set.clean),
  };
}
