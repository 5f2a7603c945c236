// What ablations do to a trained model, and how it came about in training, measured when a run has ended; and the figures
// of those. Runs aside (src/asideWorker.ts), beside finishedCircuit.ts.
import {
  ablationEffects,
  compositionScores,
  loadEngine,
  pathTable,
  periodsToMeasure,
  RepeatSet,
  WeightCircuits,
} from '@induction-lab/core/node';
import type { Host } from '../aside/host.ts';
import { writeFigures } from '../figures/drawing.ts';
import { loadCheckpoint } from '../files/loadCheckpoint.ts';
import { provenance } from '../files/provenance.ts';
import { writeJson } from '../files/wholeFiles.ts';
import { lossPoints, RunFolder } from '../runs/runFolder.ts';
import { bornStripe, measureRun } from './dynamics.ts';
import { EFFORT, type FinishedEffects, type FinishTask } from './finishedAnalysis.ts';
import { curveFigures, effectFigures } from './finishedFigures.ts';

export async function measureEffects(
  { name, folder: path, step, exact, effort }: FinishTask,
  host: Host,
): Promise<FinishedEffects> {
  const folder = new RunFolder(path);
  const { experiment } = folder.readInfo();
  const { sequences, checkpoints } = EFFORT[effort];
  const engine = await loadEngine({ exact, shared: false });
  const { model } = loadCheckpoint(engine, folder.checkpointPath(step));
  // What both analyses would draw by themselves, drawn once.
  const set = new RepeatSet(model, { sequences, seed: 0, periods: periodsToMeasure(model, { seed: 0 }) });
  const effects = {
    ablations: ablationEffects(model, { set, onProgress: host.stage('ablating') }),
    composition: compositionScores(new WeightCircuits(model.config, model.getWeights())),
    paths: pathTable(model, { set, onProgress: host.stage('ablating edges') }),
  };
  const onProgress = host.stage('measuring checkpoints');
  const dynamics = measureRun(engine, folder, { most: checkpoints, sequences: 12, onProgress });
  const measured = { ...effects, dynamics, born: bornStripe(engine, folder, dynamics) };
  writeJson(folder.file('dynamics.json'), { ...provenance(engine.backend), name, ...dynamics });
  const curves = { experiment, points: lossPoints(folder.readMetrics()) };
  const figures = { ...curveFigures(name, curves), ...effectFigures(name, { ...measured, ...curves }) };
  writeFigures(folder.file('figures'), figures, host.stage('drawing'));
  return measured;
}
