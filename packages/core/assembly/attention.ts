// Causal attention, one kernel per hookable activation: scores, pattern (softmax), z; then their backwards.
//   q, z: [sequences, length, heads, headSize]     k, v: [sequences, length, heads / group, headSize], one for `group` heads
//   scores, pattern: [sequences, heads, length, row], row = padded(length)
// headSize is a multiple of 4. Queries are handled in bands of MAX_ROWS; a band needs only the keys up to its last
// query, so about half of every product is skipped. Entries of scores and pattern above the diagonal are -inf and 0.
import { bytes, exp4, fillTail, fma, maxAcross, padded, splat, sumAcross } from './simd';
import { bandN, bandT, transpose } from './gemm';
import { MAX_ROWS } from './generated/tiles';

/** Number of keys a query's band looks at, in whole vectors. */
// @ts-ignore: decorator
@inline function bandKeys(query: i32, length: i32): i32 { return padded(min((query / MAX_ROWS + 1) * MAX_ROWS, length)); }

/** scores = scale * q·k^T, -inf above the diagonal. scratch: [headSize, row]; zeros: one row of zeros. */
export function attentionScores(sequences: i32, length: i32, heads: i32, group: i32, headSize: i32, q: usize, k: usize, scores: usize,
                                scale: f32, scratch: usize, zeros: usize): void {
  const row = padded(length), scoresRow = bytes(row), qRow = bytes(heads * headSize), never = splat(-Infinity);
  const kHeads = heads / group, kRow = bytes(kHeads * headSize);
  for (let s = 0; s < sequences; s++) for (let h = 0; h < heads; h++) {
    const first = <usize>(s * length) * qRow + bytes(h * headSize), firstK = <usize>(s * length) * kRow + bytes(h / group * headSize);
    transpose(length, headSize, k + firstK, kHeads * headSize, scratch, row, scale);
    for (let i = 0; i < length; i += MAX_ROWS) {
      const rows = min(MAX_ROWS, length - i);
      bandN(rows, bandKeys(i, length), headSize, q + first + i * qRow, qRow, scratch, scoresRow, scores + i * scoresRow, scoresRow, zeros, 0);
      for (let r = i; r < i + rows; r++) fillTail(scores + r * scoresRow, r + 1, row, never);
    }
    scores += length * scoresRow;
  }
}

/** scores -> pattern, in place. */
export function causalSoftmax(matrices: i32, length: i32, scores: usize): void {
  const row = padded(length), rowBytes = bytes(row);
  for (let m = 0; m < matrices; m++) for (let i = 0; i < length; i++) {
    const end = bytes(padded(i + 1));
    let top = v128.load(scores);
    for (let j: usize = 16; j < end; j += 16) top = f32x4.pmax(top, v128.load(scores + j));
    const shift = maxAcross(top);
    let sum = splat(0);
    for (let j: usize = 0; j < end; j += 16) { const e = exp4(f32x4.sub(v128.load(scores + j), shift)); sum = f32x4.add(sum, e); v128.store(scores + j, e); }
    const norm = f32x4.div(splat(1), sumAcross(sum));
    for (let j: usize = 0; j < end; j += 16) v128.store(scores + j, f32x4.mul(v128.load(scores + j), norm));
    for (let j = end; j < rowBytes; j += 16) v128.store(scores + j, splat(0));
    scores += rowBytes;
  }
}

/** dPattern -> dScores, in place: scale * pattern * (dPattern - sum_j pattern dPattern). `scale` undoes the scaling of k. */
export function causalSoftmaxBackward(matrices: i32, length: i32, pattern: usize, dPattern: usize, scale: f32): void {
  const rowBytes = bytes(padded(length)), scale4 = splat(scale);
  for (let m = 0; m < matrices; m++) for (let i = 0; i < length; i++) {
    const end = bytes(bandKeys(i, length));
    let dot = splat(0);
    for (let j: usize = 0; j < end; j += 16) dot = fma(v128.load(pattern + j), v128.load(dPattern + j), dot);
    const mean = sumAcross(dot);
    for (let j: usize = 0; j < end; j += 16)
      v128.store(dPattern + j, f32x4.mul(f32x4.mul(v128.load(pattern + j), scale4), f32x4.sub(v128.load(dPattern + j), mean)));
    pattern += rowBytes; dPattern += rowBytes;
  }
}

/** z = pattern·v */
export function attentionMix(sequences: i32, length: i32, heads: i32, group: i32, headSize: i32, pattern: usize, v: usize, z: usize, zeros: usize): void {
  const patternRow = bytes(padded(length)), zRow = bytes(heads * headSize), vRow = bytes(heads / group * headSize);
  for (let s = 0; s < sequences; s++) for (let h = 0; h < heads; h++) {
    const first = <usize>(s * length) * zRow + bytes(h * headSize), firstV = <usize>(s * length) * vRow + bytes(h / group * headSize);
    for (let i = 0; i < length; i += MAX_ROWS) {
      const rows = min(MAX_ROWS, length - i);
      bandN(rows, headSize, i + rows, pattern + i * patternRow, patternRow, v + firstV, vRow, z + first + i * zRow, zRow, zeros, 0);
    }
    pattern += length * patternRow;
  }
}

/** dPattern = dz·v^T and dv = pattern^T·dz, summed over a group. scratch: [headSize, row] */
export function attentionMixBackward(sequences: i32, length: i32, heads: i32, group: i32, headSize: i32, pattern: usize, v: usize, dz: usize,
                                     dPattern: usize, dv: usize, scratch: usize, zeros: usize): void {
  const row = padded(length), patternRow = bytes(row), zRow = bytes(heads * headSize), vHeads = heads / group, vRow = bytes(vHeads * headSize);
  for (let s = 0; s < sequences; s++) for (let h = 0; h < heads; h++) {
    const first = <usize>(s * length) * zRow + bytes(h * headSize), firstV = <usize>(s * length) * vRow + bytes(h / group * headSize);
    const adds = h % group != 0; // to what the group's heads before have left
    transpose(length, headSize, v + firstV, vHeads * headSize, scratch, row, 1);
    for (let i = 0; i < length; i += MAX_ROWS) {
      const rows = min(MAX_ROWS, length - i), at = first + i * zRow, into = dv + firstV + i * vRow;
      bandN(rows, bandKeys(i, length), headSize, dz + at, zRow, scratch, patternRow, dPattern + i * patternRow, patternRow, zeros, 0);
      bandT(rows, headSize, length - i, pattern + i * patternRow + bytes(i), patternRow, dz + at, zRow, into, vRow, adds ? into : zeros, adds ? vRow : 0);
    }
    pattern += length * patternRow; dPattern += length * patternRow;
  }
}

/** dq = dScores·k and dk = dScores^T·q, summed over a group. */
export function attentionScoresBackward(sequences: i32, length: i32, heads: i32, group: i32, headSize: i32, dScores: usize, q: usize, k: usize,
                                        dq: usize, dk: usize, zeros: usize): void {
  const scoresRow = bytes(padded(length)), qRow = bytes(heads * headSize), kRow = bytes(heads / group * headSize);
  for (let s = 0; s < sequences; s++) for (let h = 0; h < heads; h++) {
    const first = <usize>(s * length) * qRow + bytes(h * headSize), firstK = <usize>(s * length) * kRow + bytes(h / group * headSize);
    const adds = h % group != 0;
    for (let i = 0; i < length; i += MAX_ROWS) {
      const rows = min(MAX_ROWS, length - i), at = first + i * qRow, into = dk + firstK + i * kRow;
      bandN(rows, headSize, i + rows, dScores + i * scoresRow, scoresRow, k + firstK, kRow, dq + at, qRow, zeros, 0);
      bandT(rows, headSize, length - i, dScores + i * scoresRow + bytes(i), scoresRow, q + at, qRow, into, kRow, adds ? into : zeros, adds ? kRow : 0);
    }
    dScores += length * scoresRow;
  }
}
