// A member's weights and moments at rest, in float32 and in the layout of the GPU's buffers, which is the kernels' own.
import { Arena } from '../engine/tensor.ts';
import { type NamedWeights, namedCopies, Parameters } from '../model/parameters.ts';
import { checkSaved } from '../training/checkSaved.ts';
import { Clamps } from '../training/clamps.ts';
import type { Experiment } from '../training/experiment.ts';
import { initialize } from '../training/initialize.ts';
import type { TrainingState } from '../training/trainingState.ts';
import { parametersOf } from './layout.ts';

/** Floats of a member's weights, and of AdamW's moments: (m, v) in turn, four of each. */
export interface MemberFloats {
  readonly weights: Float32Array<ArrayBuffer>;
  readonly moments: Float32Array<ArrayBuffer>;
}

const PARTS = ['m', 'v'] as const;

/** Parameters over floats of their own. */
function parametersWithin(model: Experiment['model']): { floats: Float32Array<ArrayBuffer>; parameters: Parameters } {
  const { length } = parametersOf(model);
  const buffer = new ArrayBuffer(4 * length);
  const memory = {
    buffer,
    grow: () => {
      throw new Error('A member has the memory that its parameters take.');
    },
  };
  return { floats: new Float32Array(buffer), parameters: new Parameters(model, new Arena(memory, 4, 0)) };
}

/** What a run starts from: initial weights, or a saved state. Throws an Error for a state that is not of this model. */
export function startOf(
  { model, training }: Pick<Experiment, 'model' | 'training'>,
  { seed, resume }: { seed: number; resume?: TrainingState },
): MemberFloats {
  const { floats: weights, parameters } = parametersWithin(model);
  const moments = new Float32Array(2 * weights.length);
  if (resume) {
    checkSaved(resume, parameters, 4);
    fill(parameters, resume.weights);
    PARTS.forEach((part, n) => {
      const own = parametersWithin(model);
      fill(own.parameters, resume[part]);
      own.floats.forEach((x, i) => {
        moments[momentAt(i, n)] = x;
      });
    });
  } else initialize(model, parameters, { seed, std: training.initStd });
  new Clamps(model, parameters, training.clamps).hold(resume?.step ?? 0);
  return { weights, moments };
}

/** Copies by name of floats in the layout of the parameters. */
export function namedOf(model: Experiment['model'], floats: Float32Array): NamedWeights {
  const own = parametersWithin(model);
  own.floats.set(floats);
  return namedCopies(own.parameters);
}

/** The moments apart, in the layout of the parameters. */
export function momentsApart(moments: Float32Array): { m: Float32Array; v: Float32Array } {
  const part = (n: number): Float32Array =>
    Float32Array.from({ length: moments.length / 2 }, (_, i) => moments[momentAt(i, n)]!);
  return { m: part(0), v: part(1) };
}

const momentAt = (i: number, n: number): number => 8 * Math.floor(i / 4) + 4 * n + (i % 4);

function fill(parameters: Parameters, named: NamedWeights): void {
  for (const tensor of parameters.all) tensor.set(named[tensor.name]!.data);
}
