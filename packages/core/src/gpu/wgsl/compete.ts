// The kernel of the competition between the heads of a layer (training/competition.ts), one workgroup for each layer.
import { type Layout, WORKGROUP } from '../layout.ts';
import { type BufferName, declarations, FLAGS, type Kernel } from './bindings.ts';
import { each } from './pieces.ts';
import { SUM_OF_WORKGROUP } from './reduce.ts';

export function competeKernel({ sizes, weights, parameters4 }: Layout): Kernel {
  const buffers: BufferName[] = ['slot', 'hyper', 'params', 'moments', 'halted'];
  const { heads, model, model4, head4, heads4 } = sizes;
  const [perInput, perOutput] = [model * head4, 4 * head4 * model4];
  const code = `${declarations(buffers)}
var<workgroup> red: array<f32, ${WORKGROUP}>;
var<private> lid: u32;
${SUM_OF_WORKGROUP}

/** Where vec4 i of the four matrices of a head stands in a member's parameters. */
fn placeOf(i: u32, layer: u32, head: u32) -> u32 {
  let block = layer * ${weights.stride}u;
  if (i >= ${3 * perInput}u) { return ${weights.W_O}u + block + head * ${perOutput}u + i - ${3 * perInput}u; }
  let e = i % ${perInput}u;
  return ${weights.W_Q}u + block + i / ${perInput}u * ${weights.nextInput}u + e / ${head4}u * ${heads4}u + head * ${head4}u + e % ${head4}u;
}

@compute @workgroup_size(${WORKGROUP})
fn run(@builtin(workgroup_id) id: vec3u, @builtin(local_invocation_index) index: u32) {
  lid = index;
  let h = hyper[slot.index * slot.members + id.y];
  let P0 = id.y * ${parameters4}u;
  let rests = h.lambda == 0.0 || atomicLoad(&halted[id.y]) != 0u || (h.flags & ${FLAGS.resting}u) != 0u;
  var norms: array<f32, ${heads}>;
  var total = 0.0;
  for (var head = 0u; head < ${heads}u; head++) {
    var sum = 0.0;
    ${each(3 * perInput + perOutput, 'let x = params[P0 + placeOf(i, id.x, head)]; sum += dot(x, x);')}
    red[lid] = sum;
    norms[head] = sqrt(sumOfWorkgroup());
    total += norms[head];
  }
  if (rests) { return; }
  for (var head = 0u; head < ${heads}u; head++) {
    let norm = norms[head];
    let keep = select(max(0.0, 1.0 - h.rate * h.lambda * (total - norm) / norm), 0.0, norm < 1e-9);
    let deleted = keep == 0.0 && (h.flags & ${FLAGS.competitionEnds}u) != 0u; // heads that stay so have no moments
    ${each(
      3 * perInput + perOutput,
      `let at = P0 + placeOf(i, id.x, head);
      params[at] *= keep;
      if (deleted) { moments[2u * at] = vec4f(); moments[2u * at + 1u] = vec4f(); }`,
    )}
  }
}`;
  return { entry: 'run', buffers, code };
}
