// What is made of a training run when it has ended: the audit, the figures, analysis.json.
import { join } from 'node:path';
import {
  type AuditRecord,
  audit,
  type Engine,
  type Experiment,
  Model,
  type NamedWeights,
} from '@induction-lab/core/node';
import { auditJson } from './auditCommand.ts';
import { writeFigures } from './drawing.ts';
import { writeJson } from './files.ts';
import { exampleSet, lossFigure, modelFigures } from './modelFigures.ts';
import type { PresetName } from './presets.ts';
import type { MetricsRecord } from './runFolder.ts';

/** One of the four runs, as the report tells it. */
export interface FinishedRun {
  readonly name: PresetName;
  readonly experiment: Experiment;
  readonly metrics: readonly MetricsRecord[];
  readonly audit: AuditRecord;
  readonly examples: ReturnType<typeof exampleSet>;
  readonly seconds: number;
  readonly folder: string;
}

/** Scores, audit and figures of a trained model, written into its run folder. */
export function finishRun(
  engine: Engine,
  run: Omit<FinishedRun, 'audit' | 'examples'> & { weights: NamedWeights },
): FinishedRun {
  const { weights, ...rest } = run;
  const model = new Model(engine, run.experiment.model);
  model.setWeights(weights);
  const record = audit(model);
  const examples = exampleSet(model);
  const points = lossPoints(run.metrics);
  const lnVocab = Math.log(run.experiment.model.dVocab);
  writeJson(join(run.folder, 'analysis.json'), { name: run.name, ...auditJson(record) });
  writeFigures(join(run.folder, 'figures'), {
    loss: lossFigure(run.name, points, lnVocab, 'linear'),
    'loss-log': lossFigure(run.name, points, lnVocab, 'log'),
    ...modelFigures(run.name, record, examples),
  });
  return { ...rest, audit: record, examples };
}

/** The curve points of the step records. */
export const lossPoints = (
  metrics: readonly MetricsRecord[],
): { step: number; lossFirst: number | null; lossRepeat: number; lossBoundary: number | null }[] =>
  metrics.flatMap(({ step, lossFirst, lossRepeat, lossBoundary }) =>
    typeof lossRepeat === 'number'
      ? [{ step, lossFirst: lossFirst ?? null, lossRepeat, lossBoundary: lossBoundary ?? null }]
      : [],
  );
