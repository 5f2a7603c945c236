// Sums and row copies: residual additions, embeddings, bias gradients. All widths are multiples of 4.
import { bytes } from './simd';

/** out[i] = a[i] + b[i] for `count` floats; `out` may be `a` or `b`. */
export function add(count: i32, a: usize, b: usize, out: usize): void {
  for (let i: usize = 0, end = bytes(count); i < end; i += 16) v128.store(out + i, f32x4.add(v128.load(a + i), v128.load(b + i)));
}

/** out[i, :] = table[index[i], :] */
export function gatherRows(rows: i32, width: i32, table: usize, index: usize, out: usize): void {
  const row = bytes(width);
  for (let i = 0; i < rows; i++) memory.copy(out + i * row, table + load<i32>(index + bytes(i)) * row, row);
}

/** Backward of gatherRows: table[index[i], :] += grad[i, :] */
export function scatterAddRows(rows: i32, width: i32, grad: usize, index: usize, table: usize): void {
  const row = bytes(width);
  for (let i = 0; i < rows; i++) { const t = table + load<i32>(index + bytes(i)) * row; add(width, t, grad + i * row, t); }
}

/** out[j] += sum over i of grad[i, j], rows `stride` floats apart: the gradient of a bias. Sixteen columns at a time stay in registers. */
export function addColumnSums(rows: i32, width: i32, stride: i32, grad: usize, out: usize): void {
  const end = bytes(width), row = bytes(stride);
  let j: usize = 0;
  for (; j + 64 <= end; j += 64) {
    let s0 = v128.load(out + j), s1 = v128.load(out + j, 16), s2 = v128.load(out + j, 32), s3 = v128.load(out + j, 48);
    let p = grad + j;
    for (let i = 0; i < rows; i++) {
      s0 = f32x4.add(s0, v128.load(p)); s1 = f32x4.add(s1, v128.load(p, 16));
      s2 = f32x4.add(s2, v128.load(p, 32)); s3 = f32x4.add(s3, v128.load(p, 48));
      p += row;
    }
    v128.store(out + j, s0); v128.store(out + j, s1, 16); v128.store(out + j, s2, 32); v128.store(out + j, s3, 48);
  }
  for (; j < end; j += 16) {
    let s = v128.load(out + j), p = grad + j;
    for (let i = 0; i < rows; i++) { s = f32x4.add(s, v128.load(p)); p += row; }
    v128.store(out + j, s);
  }
}

/** a[i] *= factor for `count` floats. */
export function scale(count: i32, a: usize, factor: f32): void {
  const factor4 = f32x4.splat(factor);
  for (let i: usize = 0, end = bytes(count); i < end; i += 16) v128.store(a + i, f32x4.mul(v128.load(a + i), factor4));
}
