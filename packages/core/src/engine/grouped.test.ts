// Query heads that share keys and values: attention with each shared head written out once for every query head that reads it.
import { describe, expect, test } from 'vitest';
import { distance } from '../../test/support/golden.ts';
import { Kit, SIZES, type Sizes, WASM_ENGINES } from '../../test/support/kit.ts';
import { referenceEngine } from './engine.ts';
import type { Floats, Tensor } from './tensor.ts';

const GROUP = 3;
const shared: Sizes = { ...SIZES.primes!, nHeads: 2 * GROUP, length: 13 };
const { nHeads, dHead, length } = shared;

/** [row, head of 2, dHead] → [row, head of 6, dHead] */
const spread = (data: Floats): number[] =>
  Array.from({ length: data.length * GROUP }, (_, i) => {
    const [row, head] = [Math.floor(i / (nHeads * dHead)), Math.floor(i / dHead) % nHeads];
    return data[(row * 2 + Math.floor(head / GROUP)) * dHead + (i % dHead)]!;
  });

/** The sums over each group of what `spread` would have written. */
function gathered(data: Floats): Float64Array {
  const out = new Float64Array(data.length / GROUP);
  data.forEach((x, i) => {
    const [row, head] = [Math.floor(i / (nHeads * dHead)), Math.floor(i / dHead) % nHeads];
    out[(row * 2 + Math.floor(head / GROUP)) * dHead + (i % dHead)]! += x;
  });
  return out;
}

function attend(kit: Kit, [q, k, v, dz]: Tensor[], kvHeads: number): Record<'z' | 'dq' | 'dk' | 'dv', Floats> {
  const [scores, dPattern, z, dq] = [kit.square(), kit.square(), kit.heads(), kit.heads()];
  const [dk, dv] = [kit.heads(kvHeads), kit.heads(kvHeads)];
  kit.ops.attentionScores(q!, k!, scores);
  kit.ops.causalSoftmax(scores);
  kit.ops.attentionMix(scores, v!, z);
  kit.ops.attentionMixBackward(scores, v!, dz!, dPattern, dv);
  kit.ops.causalSoftmaxBackward(scores, dPattern, 1 / shared.attnScale);
  kit.ops.attentionScoresBackward(dPattern, q!, k!, dq, dk);
  return { z: z.toArray(), dq: dq.toArray(), dk: dk.toArray(), dv: dv.toArray() };
}

describe.for([['reference', referenceEngine] as const, ...Object.entries(WASM_ENGINES)])('%s', ([, engine]) => {
  test('values and gradients are those of attention with the shared heads written out', () => {
    const kit = new Kit(engine, shared);
    const inputs = [kit.heads(), kit.heads(2), kit.heads(2), kit.heads()];
    const got = attend(kit, inputs, 2);
    const whole = new Kit(referenceEngine, shared);
    const written = inputs.map((tensor, i) => {
      const copy = whole.heads();
      copy.set(i === 1 || i === 2 ? spread(tensor.toArray()) : tensor.toArray());
      return copy;
    });
    const want = attend(whole, written, nHeads);
    expect(length).toBeGreaterThan(12); // more than one band of queries
    expect(distance(got.z, want.z)).toBeLessThan(1e-6);
    expect(distance(got.dq, want.dq)).toBeLessThan(1e-6);
    expect(distance(got.dk, gathered(want.dk))).toBeLessThan(1e-6);
    expect(distance(got.dv, gathered(want.dv))).toBeLessThan(1e-6);
  });

  test('rotary turns however many heads there are, in neighbouring pairs too', () => {
    const kit = new Kit(engine, shared);
    const [k, out, back] = [kit.heads(2), kit.heads(2), kit.heads(2)];
    const positions = kit.indices(shared.sequences * length, length);
    const tables = { ...kit.angles(3), adjacent: true };
    kit.ops.rotary(k, out, positions, tables, 1);
    const want = [...k.toArray()];
    for (let row = 0; row < shared.sequences * length; row++)
      for (let head = 0; head < 2; head++)
        for (let i = 0; i < 3; i++) {
          const at = (row * 2 + head) * dHead + 2 * i;
          const [cos, sin] = [0, 3].map((half) => tables.table.data[positions.data[row]! * 6 + half + i]!);
          const [a, b] = [want[at]!, want[at + 1]!];
          want[at] = a * cos! - b * sin!;
          want[at + 1] = a * sin! + b * cos!;
        }
    expect(distance(out.toArray(), want)).toBeLessThan(1e-6);
    kit.ops.rotary(out, back, positions, tables, -1);
    expect(distance(back.toArray(), k.toArray())).toBeLessThan(1e-6);
  });
});
