// What is measured, written and drawn when a training run has ended. Runs aside (src/asideWorker.ts): it takes seconds, and
// what it returns is plain data.
import {
  type AblationRecord,
  type AuditRecord,
  ablationEffects,
  audit,
  type CircuitEvaluation,
  type CompositionRecord,
  compositionScores,
  evaluateCircuit,
  type HeadCircuitRecord,
  headCircuits,
  loadEngine,
  type Model,
  type PathTableRecord,
  pathTable,
  periodsToMeasure,
  RepeatSet,
  WeightCircuits,
} from '@induction-lab/core/node';
import type { Host } from '../aside/host.ts';
import { weightFigures } from '../figures/circuitFigures.ts';
import { writeFigures } from '../figures/drawing.ts';
import { exampleSet } from '../figures/modelFigures.ts';
import { auditJson } from '../files/auditJson.ts';
import { loadCheckpoint } from '../files/loadCheckpoint.ts';
import { type MeasuredFile, provenance } from '../files/provenance.ts';
import { writeJson } from '../files/wholeFiles.ts';
import { lossPoints, RunFolder } from '../runs/runFolder.ts';
import { type BornStripe, bornStripe, type Dynamics, measureRun } from './dynamics.ts';
import { finishedFigures } from './finishedFigures.ts';

/** Everything that is measured of a trained model. */
export interface ModelAnalysis {
  readonly audit: AuditRecord;
  readonly ablations: AblationRecord;
  /** What the weights say of every head. */
  readonly headCircuits: readonly HeadCircuitRecord[];
  readonly composition: CompositionRecord;
  readonly paths: PathTableRecord;
  readonly proof: CircuitEvaluation;
}

/** A run that has ended, to be analysed. */
export interface FinishTask {
  readonly name: string;
  readonly folder: string;
  /** The step of its last checkpoint. */
  readonly step: number;
  readonly exact: boolean;
  readonly effort: keyof typeof EFFORT;
}

/** What comes of it: plain data. */
export interface FinishedAnalysis {
  readonly analysis: ModelAnalysis;
  readonly dynamics: Dynamics;
  readonly born: BornStripe;
  readonly examples: ReturnType<typeof exampleSet>;
  readonly checkpoint: MeasuredFile;
}

/** How closely a run is looked at: sequences for effects, checkpoints for the dynamics. */
const EFFORT = { full: { sequences: 96, checkpoints: 16 }, quick: { sequences: 48, checkpoints: 8 } } as const;

/** Audit, ablations, circuits in the weights, all paths, and the circuit's evaluation. */
export function analyseModel(
  model: Model,
  { sequences, host }: { sequences: number; host: Pick<Host, 'stage'> },
): ModelAnalysis {
  const circuits = new WeightCircuits(model.config, model.getWeights());
  const record = audit(model, { onProgress: host.stage('auditing') });
  // What `ablationEffects` and `pathTable` would draw themselves, once for both.
  const set = new RepeatSet(model, { sequences, seed: 0, periods: periodsToMeasure(model, { seed: 0 }) });
  return {
    audit: record,
    ablations: ablationEffects(model, { set, onProgress: host.stage('ablating') }),
    headCircuits: headCircuits(circuits),
    composition: compositionScores(circuits),
    paths: pathTable(model, { set, onProgress: host.stage('ablating edges') }),
    proof: evaluateCircuit(model, { audit: record, sequences, onProgress: host.stage('evaluating the circuit') }),
  };
}

/** Analysis and dynamics of a trained model, written with its figures into its run folder. */
export async function analyseFinished(
  { name, folder: path, step, exact, effort }: FinishTask,
  host: Host,
): Promise<FinishedAnalysis> {
  const folder = new RunFolder(path);
  const { experiment } = folder.readInfo();
  const { sequences, checkpoints } = EFFORT[effort];
  const engine = await loadEngine({ exact, shared: false });
  const { model, checkpoint } = loadCheckpoint(engine, folder.checkpointPath(step));
  const analysis = analyseModel(model, { sequences, host });
  const onProgress = host.stage('measuring checkpoints');
  const dynamics = measureRun(engine, folder, { most: checkpoints, sequences: 12, onProgress });
  const born = bornStripe(engine, folder, dynamics);
  const examples = exampleSet(model);
  const from = { ...provenance(engine.backend), checkpoint };
  const { audit: record, ...rests } = analysis;
  writeJson(folder.file('analysis.json'), { name, ...auditJson(record, from), ...rests });
  writeJson(folder.file('dynamics.json'), { ...provenance(engine.backend), name, ...dynamics });
  const points = lossPoints(folder.readMetrics());
  const figures = finishedFigures({ name, experiment, analysis, dynamics, born, examples, points });
  const circuits = new WeightCircuits(model.config, model.getWeights());
  const all = { ...figures.model, ...figures.circuits, ...weightFigures(name, circuits) };
  writeFigures(folder.file('figures'), all, host.stage('drawing'));
  return { analysis, dynamics, born, examples, checkpoint };
}
