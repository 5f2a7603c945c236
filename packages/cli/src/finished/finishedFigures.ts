// The figures of a training run that has ended, from what was measured of it.
import type { Experiment } from '@induction-lab/core/node';
import { ablationFigure, pathFigures, proofFigures } from '../figures/circuitFigures.ts';
import type { Draw } from '../figures/drawing.ts';
import { type exampleSet, lossFigure, modelFigures } from '../figures/modelFigures.ts';
import type { lossPoints } from '../runs/runFolder.ts';
import { type BornStripe, type Dynamics, dynamicsFigures } from './dynamics.ts';
import type { ModelAnalysis } from './finishedAnalysis.ts';

export interface Measured {
  readonly name: string;
  readonly experiment: Experiment;
  readonly analysis: ModelAnalysis;
  readonly dynamics: Dynamics;
  readonly born: BornStripe;
  readonly examples: ReturnType<typeof exampleSet>;
  readonly points: ReturnType<typeof lossPoints>;
}

/** Figures of losses and heads, and those of circuits and training, by name. */
export function finishedFigures({ name, experiment, analysis, dynamics, born, examples, points }: Measured): {
  model: Readonly<Record<string, Draw>>;
  circuits: Readonly<Record<string, Draw>>;
} {
  const lnVocab = Math.log(experiment.model.dVocab);
  return {
    model: {
      loss: lossFigure(name, points, lnVocab, 'linear'),
      'loss-log': lossFigure(name, points, lnVocab, 'log'),
      ...modelFigures(name, analysis, examples),
    },
    circuits: {
      ablation: ablationFigure(name, analysis.ablations),
      ...pathFigures(name, analysis.paths, analysis.composition),
      ...proofFigures(name, analysis.proof),
      ...dynamicsFigures(name, dynamics, { born, log: points, lnVocab }),
    },
  };
}
