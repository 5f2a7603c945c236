// What is made of a training run when it has ended: audit, proof, dynamics, figures, analysis.json.
import {
  type AblationRecord,
  type AuditRecord,
  ablationEffects,
  audit,
  type CompositionRecord,
  compositionScores,
  type Engine,
  type Experiment,
  type HeadCircuitRecord,
  headCircuits,
  Model,
  type NamedWeights,
  type PathTableRecord,
  type ProofRecord,
  pathTable,
  prove,
  WeightCircuits,
} from '@induction-lab/core/node';
import { auditJson } from './auditCommand.ts';
import { ablationFigure, pathFigures, proofFigures, weightFigures } from './circuitFigures.ts';
import { type Draw, writeFigures } from './drawing.ts';
import { type Dynamics, dynamicsFigures, measureRun } from './dynamics.ts';
import { writeJson } from './files.ts';
import { exampleSet, lossFigure, modelFigures } from './modelFigures.ts';
import type { PresetName } from './presets.ts';
import { lossPoints, type MetricsRecord, type RunFolder, SCHEMA_VERSION } from './runFolder.ts';

/** Everything that is measured of a trained model. */
export interface ModelAnalysis {
  readonly audit: AuditRecord;
  readonly ablations: AblationRecord;
  /** What the weights say of every head. */
  readonly headCircuits: readonly HeadCircuitRecord[];
  readonly composition: CompositionRecord;
  readonly paths: PathTableRecord;
  readonly proof: ProofRecord;
}

/** One of the four runs, as the report tells it. */
export interface FinishedRun extends ModelAnalysis {
  readonly name: PresetName;
  readonly experiment: Experiment;
  readonly metrics: readonly MetricsRecord[];
  readonly dynamics: Dynamics;
  /** Figures of heads, circuits and training, by name. */
  readonly circuitFigures: Readonly<Record<string, Draw>>;
  readonly examples: ReturnType<typeof exampleSet>;
  readonly seconds: number;
  readonly folder: string;
}

/** How closely a run is looked at: sequences for effects, checkpoints for the dynamics. */
const EFFORT = { full: { sequences: 96, checkpoints: 16 }, quick: { sequences: 48, checkpoints: 8 } } as const;

/** Audit, ablations, circuits in the weights, all paths, and the proof. */
export function analyseModel(model: Model, { sequences }: { sequences: number }): ModelAnalysis {
  const circuits = new WeightCircuits(model.config, model.getWeights());
  const record = audit(model);
  return {
    audit: record,
    ablations: ablationEffects(model, { sequences }),
    headCircuits: headCircuits(circuits),
    composition: compositionScores(circuits),
    paths: pathTable(model, { sequences }),
    proof: prove(model, { audit: record, sequences }),
  };
}

/** Analysis, dynamics and figures of a trained model, written into its run folder. */
export function finishRun(
  engine: Engine,
  run: Pick<FinishedRun, 'name' | 'experiment' | 'seconds'> & { folder: RunFolder; weights: NamedWeights },
  effort: keyof typeof EFFORT,
): FinishedRun {
  const { weights, folder, ...rest } = run;
  const { name } = run;
  const model = new Model(engine, run.experiment.model);
  model.setWeights(weights);
  const analysis = analyseModel(model, EFFORT[effort]);
  const dynamics = measureRun(engine, folder, { most: EFFORT[effort].checkpoints, sequences: 12 });
  const examples = exampleSet(model);
  const metrics = folder.readMetrics();
  const points = lossPoints(metrics);
  const lnVocab = Math.log(run.experiment.model.dVocab);
  const circuits = new WeightCircuits(model.config, weights);
  const circuitFigures = {
    ablation: ablationFigure(name, analysis.ablations),
    ...pathFigures(name, analysis.paths, analysis.composition),
    ...proofFigures(name, analysis.proof),
    ...dynamicsFigures(name, dynamics, { engine, folder }),
  };
  const { audit: record, ...rests } = analysis;
  writeJson(folder.file('analysis.json'), { name, ...auditJson(record), ...rests });
  writeJson(folder.file('dynamics.json'), { schemaVersion: SCHEMA_VERSION, name, ...dynamics });
  writeFigures(folder.file('figures'), {
    loss: lossFigure(name, points, lnVocab, 'linear'),
    'loss-log': lossFigure(name, points, lnVocab, 'log'),
    ...modelFigures(name, analysis, examples),
    ...circuitFigures,
    ...weightFigures(name, circuits),
  });
  return { ...rest, ...analysis, metrics, dynamics, circuitFigures, examples, folder: folder.path };
}
