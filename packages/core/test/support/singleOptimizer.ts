// The training step on given batches: the same training worker, kernels and optimiser that a run uses, in one thread.
import type { Engine } from '../../src/engine/engine.ts';
import { type NamedWeights, namedCopies } from '../../src/model/parameters.ts';
import type { SequenceSource } from '../../src/tasks/source.ts';
import type { Experiment } from '../../src/training/experiment.ts';
import { planTraining } from '../../src/training/parallel/plan.ts';
import { TrainingWorker } from '../../src/training/parallel/trainingWorker.ts';

export class SingleOptimizer {
  private readonly worker: TrainingWorker;
  private done = 0;

  constructor(engine: Engine, experiment: Experiment, weights: NamedWeights, batches: readonly ArrayLike<number>[][]) {
    const { plan, weights: planned } = planTraining(engine, {
      ...{ experiment, seed: 0, threads: 1 },
      segments: 0,
    });
    for (const [name, { data }] of Object.entries(weights)) planned.named(name).set(data);
    const source: SequenceSource = {
      segments: [],
      counted: (step) => batches[step - 1]!.length * (experiment.model.nCtx - 1),
      fill: (step, sequence, tokens, targets) => {
        const given = batches[step - 1]![sequence]!;
        tokens.set(given);
        for (let t = 0; t < tokens.length; t++) targets[t] = t < tokens.length - 1 ? given[t + 1]! : -1;
        return { length: given.length, segments: [] };
      },
    };
    this.worker = new TrainingWorker(engine, plan, 0, source);
  }

  /** One AdamW step; returns the mean loss before it. */
  step(): number {
    return this.worker.step(++this.done).loss;
  }

  weights(): NamedWeights {
    return namedCopies(this.worker.weights);
  }
}
