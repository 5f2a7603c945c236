// The figures of a training run that has ended, from what was measured of it.
import { type Experiment, guessingLoss, segmentsOf } from '@induction-lab/core/node';
import { ablationFigure, pathFigures, proofFigures } from '../figures/circuitFigures.ts';
import type { Draw } from '../figures/drawing.ts';
import { type exampleSet, lossFigure, modelFigures } from '../figures/modelFigures.ts';
import type { LossPoint } from '../runs/runFolder.ts';
import { type BornStripe, type Dynamics, dynamicsFigures } from './dynamics.ts';
import type { ModelAnalysis } from './finishedAnalysis.ts';

export interface Measured {
  readonly name: string;
  readonly experiment: Experiment;
  readonly analysis: ModelAnalysis;
  readonly dynamics: Dynamics;
  readonly born: BornStripe;
  readonly examples: ReturnType<typeof exampleSet>;
  readonly points: readonly LossPoint[];
}

/** Figures of losses and heads, and those of circuits and training, by name. */
export function finishedFigures({ name, experiment, analysis, dynamics, born, examples, points }: Measured): {
  model: Readonly<Record<string, Draw>>;
  circuits: Readonly<Record<string, Draw>>;
} {
  const lnVocab = guessingLoss(experiment.model);
  const segments = segmentsOf(experiment.task);
  const losses = { points, segments, lnVocab };
  return {
    model: {
      loss: lossFigure(name, { ...losses, xScale: 'linear' }),
      'loss-log': lossFigure(name, { ...losses, xScale: 'log' }),
      ...modelFigures(name, analysis, examples),
    },
    circuits: {
      ablation: ablationFigure(name, analysis.ablations),
      ...pathFigures(name, analysis.paths, analysis.composition),
      ...proofFigures(name, analysis.proof),
      ...dynamicsFigures(name, dynamics, { born, log: points, segments, lnVocab }),
    },
  };
}
