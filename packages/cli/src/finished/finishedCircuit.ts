// What a trained model's circuit is, measured when a run has ended: scores, audit, evaluation, weights, and the figures of
// those. Runs aside (src/asideWorker.ts), beside finishedEffects.ts.
import { audit, evaluateCircuit, headCircuits, loadEngine, WeightCircuits } from '@induction-lab/core/node';
import type { Host } from '../aside/host.ts';
import { proofFigures, weightFigures } from '../figures/circuitFigures.ts';
import { writeFigures } from '../figures/drawing.ts';
import { exampleSet, modelFigures } from '../figures/modelFigures.ts';
import { loadCheckpoint } from '../files/loadCheckpoint.ts';
import { RunFolder } from '../runs/runFolder.ts';
import { EFFORT, type FinishedCircuit, type FinishTask } from './finishedAnalysis.ts';

export async function measureCircuit(
  { name, folder: path, step, exact, effort }: FinishTask,
  host: Host,
): Promise<FinishedCircuit> {
  const folder = new RunFolder(path);
  const engine = await loadEngine({ exact, shared: false });
  const { model, checkpoint } = loadCheckpoint(engine, folder.checkpointPath(step));
  const { sequences } = EFFORT[effort];
  const circuits = new WeightCircuits(model.config, model.getWeights());
  const record = audit(model, { onProgress: host.stage('auditing') });
  const onProgress = host.stage('evaluating the circuit');
  const proof = evaluateCircuit(model, { audit: record, sequences, onProgress });
  const examples = exampleSet(model);
  const figures = {
    ...modelFigures(name, { audit: record, proof }, examples),
    ...proofFigures(name, proof),
    ...weightFigures(name, circuits),
  };
  writeFigures(folder.file('figures'), figures, host.stage('drawing'));
  return {
    ...{ audit: record, proof, headCircuits: headCircuits(circuits) },
    ...{ examples, checkpoint, backend: engine.backend },
  };
}
