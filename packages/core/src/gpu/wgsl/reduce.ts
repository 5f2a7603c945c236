import { WORKGROUP } from '../layout.ts';

/** A function of WGSL: the sum of red[0 … 255] in a fixed order, the same for every invocation. It meets all of them. */
export const SUM_OF_WORKGROUP: string = `fn sumOfWorkgroup() -> f32 {
  workgroupBarrier();
  for (var half = ${WORKGROUP / 2}u; half > 0u; half /= 2u) {
    if (lid < half) { red[lid] += red[lid + half]; }
    workgroupBarrier();
  }
  let sum = red[0];
  workgroupBarrier();
  return sum;
}`;
