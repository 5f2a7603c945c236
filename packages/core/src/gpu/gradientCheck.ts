// Gradients of the GPU beside those of an engine: the self-test before a training, since drivers are known that give wrong
// or no gradients and say nothing.
import type { Engine } from '../engine/engine.ts';
import { measuredOnly } from '../engine/targets.ts';
import { Parameters, weightsOf } from '../model/parameters.ts';
import { Transformer } from '../model/transformer.ts';
import { RandomStream } from '../random/randomStream.ts';
import type { Experiment } from '../training/experiment.ts';
import { GpuError } from './adapter.ts';
import { writeHyper } from './hyper.ts';
import { parametersOf } from './layout.ts';
import { namedOf, startOf } from './memberState.ts';
import { rulesOf } from './rules.ts';
import type { GpuTrainer } from './trainer.ts';
import { HYPER_WORDS } from './wgsl/bindings.ts';

/** Largest relative difference of a weight's gradient: float32 in another order differs by some 1e-6. */
const TOLERANCE = 1e-4;

/** Share of the whole gradient below which one of a weight is rounding. */
const NOTHING = 1e-6;

/** What a gradient is taken of. */
export interface GradientCase {
  readonly experiment: Experiment;
  /** Floats in the layout of the parameters. */
  readonly weights: Float32Array<ArrayBuffer>;
  /** [sequence, position] of (token, target), and how many positions count. */
  readonly batch: Int32Array<ArrayBuffer>;
  readonly counted: number;
}

/**
 * One dispatch against the engine, on the ensemble's first member: ‖GPU − engine‖ / ‖engine‖ of each weight's gradient, by
 * name. One that is nothing but rounding in the engine (biases of keys have none) counts by its size beside that of all. The
 * member's weights are the case's then.
 */
export async function gradientErrors(
  trainer: GpuTrainer,
  engine: Engine,
  { experiment, weights, batch, counted }: GradientCase,
): Promise<Record<string, number>> {
  const { model, training } = experiment;
  const hyper = new ArrayBuffer(4 * HYPER_WORDS * trainer.members);
  for (let member = 0; member < trainer.members; member++)
    writeHyper(hyper, member, member === 0 ? { training, step: 1, counted } : null);
  const sequences = new Int32Array(trainer.members * batch.length);
  sequences.set(batch);
  trainer.write(0, { weights, moments: new Float32Array(2 * weights.length) }, rulesOf(experiment));
  await trainer.submit({ steps: 1, hyper, sequences }, { update: false });
  const got = namedOf(model, Float32Array.from(await trainer.gradient(0)));
  const want = engineGradient(engine, { experiment, weights, batch, counted });
  const norm = (values: ArrayLike<number>): number => Math.hypot(...Array.from(values));
  const whole = Math.hypot(...want.all.map((tensor) => norm(tensor.toArray())));
  return Object.fromEntries(
    want.all.map((tensor) => {
      const own = tensor.toArray();
      const difference = norm(Array.from(own, (x, i) => got[tensor.name]!.data[i]! - x));
      const size = norm(own);
      return [tensor.name, difference / (size > NOTHING * whole ? size : whole)];
    }),
  );
}

/** The gradient of the mean loss, as an engine takes it: one sequence at a time. */
function engineGradient(engine: Engine, { experiment, weights, batch, counted }: GradientCase): Parameters {
  const { model, training } = experiment;
  const extent = { sequences: 1, length: model.nCtx - 1 };
  const arena = engine.createArena();
  const [own, gradients] = [new Parameters(model, arena), new Parameters(model, arena)];
  const plan = { gradients: true, results: [], splitInputs: [] };
  const ops = engine.opsFor(model, extent, arena);
  const program = new Transformer({ config: model, extent, plan, ops, arena, weights: own });
  for (const [name, { data }] of Object.entries(namedOf(model, weights))) own.named(name).set(data);
  own.changed();
  for (let sequence = 0; sequence < training.batch; sequence++) {
    for (let t = 0; t < extent.length; t++) {
      const at = 2 * (sequence * extent.length + t);
      program.tokens.data[t] = batch[at]!;
      program.targets.data[t] = batch[at + 1]!;
    }
    program.forward();
    program.loss(1 / counted);
    program.backward(gradients);
  }
  return gradients;
}

/** Rejects with a GpuError unless the gradients of a model with random weights, on random tokens, are the engine's. */
export async function selfTest(trainer: GpuTrainer, engine: Engine, experiment: Experiment): Promise<void> {
  const errors = await gradientErrors(trainer, engine, randomCase(experiment));
  const [name, worst] = Object.entries(errors).reduce((a, b) => (!(b[1] <= a[1]) ? b : a));
  if (!(worst <= TOLERANCE))
    throw new GpuError(
      `The GPU computes wrong gradients: that of ${name} differs from the CPU's by ${worst.toExponential(1)} of its size (at most ${TOLERANCE.toExponential(0)} is rounding).`,
    );
}

/** Every weight random, so that every part of the kernels has something to do; every third position is not trained on. */
function randomCase(experiment: Experiment): GradientCase {
  const { model, training } = experiment;
  const random = new RandomStream(0);
  const { weights } = startOf({ model, training: { ...training, clamps: [] } }, { seed: 0 });
  const tensors = parametersOf(model).all;
  const spread = 0.9 / Math.sqrt(model.dModel);
  [...weightsOf(model)].forEach(({ start, learned }, index) => {
    const { address, rows, width, shape } = tensors[index]!;
    if (learned && typeof start !== 'function' && start !== 'random')
      for (let i = 0; i < Math.min(rows * width, shape.at(-1)!); i++)
        weights[address / 4 + i] = start + spread * random.normal();
  });
  const positions = training.batch * (model.nCtx - 1);
  const batch = new Int32Array(2 * positions);
  let counted = 0;
  for (let i = 0; i < positions; i++) {
    const target = random.below(model.dVocab);
    batch[2 * i] = random.below(model.dVocab);
    batch[2 * i + 1] = i % 3 === 2 ? measuredOnly(target) : target;
    counted += i % 3 === 2 ? 0 : 1;
  }
  return { experiment, weights, batch, counted };
}
