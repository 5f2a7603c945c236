// What holds a member's weights back: for each vec4 of parameters whether it decays, and the first steps at which it is
// frozen and ablated (training/clamps.ts).
import type { Tensor } from '../engine/tensor.ts';
import { decayRuns } from '../training/decayRuns.ts';
import type { Experiment } from '../training/experiment.ts';
import { headMatrices } from '../training/headMatrices.ts';
import { parametersOf } from './layout.ts';

/** A step that never comes. */
const NEVER = 0xffffffff;

/** [parameters], (decays, frozen from, ablated from, 0) */
export function rulesOf({ model, training }: Pick<Experiment, 'model' | 'training'>): Uint32Array<ArrayBuffer> {
  const parameters = parametersOf(model);
  const rules = new Uint32Array(parameters.length);
  for (let i = 0; i < rules.length; i += 4) rules.set([0, NEVER, NEVER, 0], i);
  for (const { from, to, weightDecay } of decayRuns({ model, training }, parameters, 4))
    if (weightDecay > 0) for (let i = from; i < to; i += 4) rules[i] = 1;
  for (const clamp of training.clamps) {
    const matrices = headMatrices(model, parameters, clamp);
    if (clamp.kind === 'freeze')
      for (const matrix of matrices) eachVec4(matrix, (i) => setEarliest(rules, i + 1, clamp.fromStep));
    else eachVec4(matrices[3]!, (i) => setEarliest(rules, i + 2, clamp.fromStep));
  }
  return rules;
}

const setEarliest = (rules: Uint32Array, i: number, step: number): void => {
  rules[i] = Math.min(rules[i]!, step);
};

/** Visits the vec4s of a matrix, as floats from the start of the parameters. */
function eachVec4({ address, rows, width, stride }: Tensor, visit: (float: number) => void): void {
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < width; column += 4) visit(address / 4 + row * stride + column);
}
