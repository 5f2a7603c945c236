// The figures of a training run that has ended, from what was measured of it.
import { type Experiment, guessingLoss, segmentsOf } from '@induction-lab/core/node';
import { ablationFigure, pathFigures, proofFigures } from '../figures/circuitFigures.ts';
import type { Draw } from '../figures/drawing.ts';
import { lossFigure } from '../figures/modelFigures.ts';
import type { LossPoint } from '../runs/runFolder.ts';
import { dynamicsFigures } from './dynamics.ts';
import type { FinishedEffects, ModelAnalysis } from './finishedAnalysis.ts';

type Figures = Readonly<Record<string, Draw>>;

/** A training and its losses. */
export interface Curves {
  readonly experiment: Experiment;
  readonly points: readonly LossPoint[];
}

const lossesOf = ({ experiment: { model, task }, points }: Curves) => ({
  points,
  segments: segmentsOf(task),
  lnVocab: guessingLoss(model),
});

export const curveFigures = (name: string, curves: Curves): Figures => ({
  loss: lossFigure(name, { ...lossesOf(curves), xScale: 'linear' }),
  'loss-log': lossFigure(name, { ...lossesOf(curves), xScale: 'log' }),
});

/** Ablations, paths, and training as seen from inside. */
export function effectFigures(name: string, found: FinishedEffects & Curves): Figures {
  const { ablations, paths, composition, dynamics, born } = found;
  const { points: log, ...rest } = lossesOf(found);
  return {
    ablation: ablationFigure(name, ablations),
    ...pathFigures(name, paths, composition),
    ...dynamicsFigures(name, dynamics, { born, log, ...rest }),
  };
}

/** Figures of circuits and training, as the report shows them. */
export const circuitFigures = (
  name: string,
  found: FinishedEffects & Pick<ModelAnalysis, 'proof'> & Curves,
): Figures => ({
  ...effectFigures(name, found),
  ...proofFigures(name, found.proof),
});
