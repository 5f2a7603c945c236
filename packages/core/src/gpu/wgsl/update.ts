// The kernel from gradients to weights: AdamW as the kernels in WebAssembly take it. A loss that is not finite halts its
// member: weights and moments stay as they were.
import { type Layout, WORKGROUP } from '../layout.ts';
import { type BufferName, declarations, FLAGS, type Kernel } from './bindings.ts';
import { SUM_OF_WORKGROUP } from './reduce.ts';

const head = (buffers: readonly BufferName[]): string => `${declarations(buffers)}
var<workgroup> red: array<f32, ${WORKGROUP}>;
var<private> lid: u32;
${SUM_OF_WORKGROUP}
`;

const MAIN = `@compute @workgroup_size(${WORKGROUP})
fn run(@builtin(workgroup_id) id: vec3u, @builtin(local_invocation_index) index: u32) {
  lid = index;
  let i = id.x * ${WORKGROUP}u + lid;
  let member = slot.index * slot.members + id.y;`;

/** The sum of the groups' gradients of vec4 i of member id.y, in order. */
const sumOfGroups = ({ groups, parameters4 }: Layout): string =>
  `for (var k = 0u; k < ${groups}u; k++) { g += gradients[(id.y * ${groups}u + k) * ${parameters4}u + i]; }`;

/** Where the report of a member begins, and its squares. */
const reportOf = ({ groups, updateGroups }: Layout): { start: string; squares: string } => {
  const start = `member * ${groups + updateGroups}u`;
  return { start, squares: `${start} + ${groups}u` };
};

/** Sums gradients over the groups into the first one's: before an update that clips, which needs the norm of all. */
export function gatherKernel(layout: Layout): Kernel {
  const buffers: BufferName[] = ['slot', 'gradients', 'report'];
  const code = `${head(buffers)}
${MAIN}
  var g = vec4f();
  if (i < ${layout.parameters4}u) {
    ${sumOfGroups(layout)}
    gradients[id.y * ${layout.groups * layout.parameters4}u + i] = g;
  }
  red[lid] = dot(g, g);
  let squares = sumOfWorkgroup();
  if (lid == 0u) { report[${reportOf(layout).squares} + id.x] = squares; }
}`;
  return { entry: 'run', buffers, code };
}

/** One step of AdamW. With `gathered`, gradients are summed already, and scaled where their norm is above the step's clip. */
export function updateKernel(layout: Layout, { gathered }: { gathered: boolean }): Kernel {
  const buffers: BufferName[] = ['slot', 'hyper', 'params', 'moments', 'rules', 'gradients', 'report', 'halted'];
  const { parameters4, groups, updateGroups } = layout;
  const { start, squares } = reportOf(layout);
  const read = gathered ? `g = gradients[id.y * ${groups * parameters4}u + i];` : sumOfGroups(layout);
  const clipping = `var square = 0.0;
  for (var k = lid; k < ${updateGroups}u; k += ${WORKGROUP}u) { square += report[${squares} + k]; }
  red[lid] = square;
  let norm = sqrt(sumOfWorkgroup());
  let share = select(1.0, h.clip / norm, h.clip > 0.0 && norm > h.clip);`;
  const keepSquares = `red[lid] = dot(g, g);
  let squares = sumOfWorkgroup();
  if (lid == 0u) { report[${squares} + id.x] = squares; }`;
  const code = `${head(buffers)}
fn isFinite(x: f32) -> bool { return (bitcast<u32>(x) & 0x7f800000u) != 0x7f800000u; }

${MAIN}
  let h = hyper[member];
  var lost = 0.0;
  for (var k = 0u; k < ${groups}u; k++) { lost += report[${start} + k]; }
  if (!isFinite(lost)) { atomicStore(&halted[id.y], 1u); }
  let rests = !isFinite(lost) || atomicLoad(&halted[id.y]) != 0u || (h.flags & ${FLAGS.resting}u) != 0u;
  var g = vec4f();
  if (i < ${parameters4}u) { ${read} }
  ${gathered ? clipping : `let share = 1.0; ${keepSquares}`}
  if (i < ${parameters4}u && !rests) {
    let at = id.y * ${parameters4}u + i;
    let rule = rules[at];
    g *= share;
    let m = h.beta1 * moments[2u * at] + h.take1 * g;
    let v = h.beta2 * moments[2u * at + 1u] + h.take2 * (g * g);
    moments[2u * at] = m; moments[2u * at + 1u] = v;
    let update = m * (h.rate * h.correction1) / (sqrt(v * h.correction2) + h.epsilon);
    let shrink = select(1.0, 1.0 - h.rate * h.decay, rule.x != 0u);
    var after = params[at] * shrink - update;
    if (h.step >= rule.y) { after = params[at]; } // frozen
    if (h.step + 1u >= rule.z) { after = vec4f(); } // ablated from the next step on
    params[at] = after;
  }
}`;
  return { entry: 'run', buffers, code };
}
