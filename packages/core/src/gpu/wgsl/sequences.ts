// The kernel from tokens to gradients. A workgroup takes some sequences of one member, one after the other: what it computes
// stays in its own scratch, and it adds up the gradients of its sequences in order. Nothing is added by two at once, so a
// member has the same bits whoever trains beside it.
import { type Layout, WORKGROUP } from '../layout.ts';
import { attentionFunctions, turnFunction } from './attention.ts';
import { embedBackward, inputsBackward, logitsBackward, outputBackward } from './backward.ts';
import { type BufferName, declarations, type Kernel } from './bindings.ts';
import { embed, inputs, logits, output } from './forward.ts';
import { lossFunction } from './loss.ts';
import { normFunctions } from './norm.ts';
import { SYNC, tileIn } from './pieces.ts';
import { SUM_OF_WORKGROUP } from './reduce.ts';

/** `sharedBytes`: what a workgroup may keep in its own memory. */
export function sequencesKernel(layout: Layout, sharedBytes: number): Kernel {
  const { config, sizes, groups, batch, parameters4, scratch4, updateGroups, tile4 } = layout;
  const shared = 16 * tile4 + 8 * WORKGROUP <= sharedBytes;
  const buffers: BufferName[] = [
    ...(['slot', 'hyper', 'params', 'gradients', 'scratch', 'sequences', 'losses', 'report'] as const),
    ...(config.positions === 'rotary' ? (['turns'] as const) : []),
  ];
  const code = `${declarations(buffers)}
${shared ? `var<workgroup> tile: array<vec4f, ${tile4}>;` : ''}
var<workgroup> red: array<f32, ${2 * WORKGROUP}>;
var<private> lid: u32;
/** Where this workgroup's parameters, gradients and scratch start. */
var<private> P0: u32;
var<private> G0: u32;
var<private> S0: u32;
/** Whether this is the first sequence of the workgroup, whose gradients begin the sums. */
var<private> first: bool;
/** This invocation's part of the losses that count. */
var<private> counted: f32;

${normFunctions(layout)}
${turnFunction(layout)}
${attentionFunctions(layout)}
${lossFunction(layout)}
${embed(layout)}
${inputs(layout)}
${output(layout)}
${logits(layout)}
${logitsBackward(layout)}
${outputBackward(layout)}
${inputsBackward(layout)}
${embedBackward(layout)}
${SUM_OF_WORKGROUP}

@compute @workgroup_size(${WORKGROUP})
fn run(@builtin(workgroup_id) id: vec3u, @builtin(local_invocation_index) index: u32) {
  lid = index;
  let member = slot.index * slot.members + id.y;
  P0 = id.y * ${parameters4}u;
  G0 = (id.y * ${groups}u + id.x) * ${parameters4}u;
  S0 = (id.y * ${groups}u + id.x) * ${scratch4}u;
  let scale = hyper[member].scale;
  let start = id.x * ${batch}u / ${groups}u;
  let end = (id.x + 1u) * ${batch}u / ${groups}u;
  for (var sequence = start; sequence < end; sequence++) {
    first = sequence == start;
    let drawn = (member * ${batch}u + sequence) * ${sizes.positions}u;
    embed(drawn);
    ${SYNC}
    for (var l = 0u; l < ${sizes.layers}u; l++) {
      inputs(l);
      attention(l);
      ${SYNC}
      output(l);
      ${SYNC}
    }
    logits();
    ${SYNC}
    loss(drawn, drawn, scale);
    ${SYNC}
    logitsBackward();
    for (var back = 0u; back < ${sizes.layers}u; back++) {
      let l = ${sizes.layers - 1}u - back;
      outputBackward(l);
      attentionBackward(l);
      ${SYNC}
      inputsBackward(l);
    }
    embedBackward(drawn);
    ${SYNC}
  }
  red[lid] = counted;
  let sum = sumOfWorkgroup();
  if (lid == 0u) { report[member * ${groups + updateGroups}u + id.x] = sum; }
}`;
  return { entry: 'run', buffers, code: tileIn(code, shared ? 'workgroup' : { start: layout.scratch.tile }) };
}
