// Matrix products from register tiles, and the transpose they need. Strides are in floats; widths are multiples of 4.
import { bytes, padded } from './simd';
import { largeGemm, largeGemmTransposed } from './largeGemm';
import { MAX_ROWS, tileN1, tileN2, tileT1, tileT2 } from './generated/tiles';

/** One band of at most MAX_ROWS rows: C[rows, n] = Init + A[rows, k]·B[k, n], A with adjacent columns, rows aStep apart. Strides in bytes. */
// @ts-ignore: decorator
@inline export function bandN(rows: i32, n: i32, k: i32, a: usize, aStep: usize, b: usize, bRow: usize,
                              c: usize, cRow: usize, init: usize, initRow: usize): void {
  let j = 0;
  for (; j + 8 <= n; j += 8) tileN2(rows, k, a, aStep, b + bytes(j), bRow, c + bytes(j), cRow, init + bytes(j), initRow);
  if (j < n) tileN1(rows, k, a, aStep, b + bytes(j), bRow, c + bytes(j), cRow, init + bytes(j), initRow);
}

/** One band of at most MAX_ROWS rows: C[rows, n] = Init + A[rows, k]·B[k, n], A with adjacent rows, columns aStep apart. Strides in bytes. */
// @ts-ignore: decorator
@inline export function bandT(rows: i32, n: i32, k: i32, a: usize, aStep: usize, b: usize, bRow: usize,
                              c: usize, cRow: usize, init: usize, initRow: usize): void {
  let j = 0;
  for (; j + 8 <= n; j += 8) tileT2(rows, k, a, aStep, b + bytes(j), bRow, c + bytes(j), cRow, init + bytes(j), initRow);
  if (j < n) tileT1(rows, k, a, aStep, b + bytes(j), bRow, c + bytes(j), cRow, init + bytes(j), initRow);
}

/** Above this many floats, B no longer sits in the L1 cache and its rows compete for the same cache sets. */
const PACK_ABOVE: i32 = 8192;

/** Above this many, nor in the L2 cache. */
const LARGE_ABOVE: i32 = 1 << 16;

/**
 * C[m, n] = Init + A[m, k]·B[k, n].  A has free row and column strides, so A^T is just swapped strides.
 * Init is any matrix with a row stride: C itself accumulates, a bias row with stride 0 adds a bias, a zero row clears.
 * scratch holds 8 columns of B and, if A is transposed, a copy of A: 8 * k + padded(m) * padded(k) floats; or a slab of B (largeGemm.ts).
 */
export function gemm(m: i32, n: i32, k: i32, a: usize, aRow: i32, aCol: i32, b: usize, bRow: i32,
                     c: usize, cRow: i32, init: usize, initRow: i32, scratch: usize): void {
  if (n * k > LARGE_ABOVE && aCol == 1) {
    largeGemm(m, n, k, a, bytes(aRow), b, bytes(bRow), c, bytes(cRow), init, bytes(initRow), scratch);
    return;
  }
  const pack = n * k > PACK_ABOVE;
  if (pack && aCol != 1) {
    const rows = scratch + bytes(8 * k);
    transpose(k, padded(m), a, aCol, rows, padded(k), 1);
    a = rows; aRow = padded(k); aCol = 1;
  }
  const cr = bytes(cRow), ir = bytes(initRow), flipped = aCol != 1, step = flipped ? bytes(aCol) : bytes(aRow);
  for (let j = 0; j < n; j += 8) {
    const wide = j + 8 <= n;
    let B = b + bytes(j), br = bytes(bRow);
    if (pack && wide) { packColumns(k, B, br, scratch); B = scratch; br = 32; }
    if (flipped) columnsT(wide, m, k, a, step, B, br, c + bytes(j), cr, init + bytes(j), ir);
    else columnsN(wide, m, k, a, step, B, br, c + bytes(j), cr, init + bytes(j), ir);
  }
}

/** The same with B given as its transpose, Bt[rows, k]: C has zeros, or what Init has, from column `rows` up to n = padded(rows). */
export function gemmTransposed(m: i32, rows: i32, k: i32, a: usize, aRow: i32, bt: usize, btRow: i32,
                               c: usize, cRow: i32, init: usize, initRow: i32, scratch: usize, zeros: usize): void {
  largeGemmTransposed(rows, m, k, a, bytes(aRow), bt, bytes(btRow), c, bytes(cRow), init, bytes(initRow), scratch, zeros);
}

/** panel[k, 8] = B[k, 8] */
function packColumns(k: i32, b: usize, bRow: usize, panel: usize): void {
  for (const end = panel + bytes(8 * k); panel < end; panel += 32) {
    v128.store(panel, v128.load(b)); v128.store(panel, v128.load(b, 16), 16);
    b += bRow;
  }
}

/** 8 columns of C (4 unless wide). Strides in bytes. The rows are dealt out evenly over as few tiles as will do. */
// @ts-ignore: decorator
@inline function columnsN(wide: bool, m: i32, k: i32, a: usize, aStep: usize, b: usize, bRow: usize, c: usize, cRow: usize, init: usize, initRow: usize): void {
  for (let tiles = (m + MAX_ROWS - 1) / MAX_ROWS; tiles > 0; tiles--) {
    const rows = (m + tiles - 1) / tiles;
    if (wide) tileN2(rows, k, a, aStep, b, bRow, c, cRow, init, initRow); else tileN1(rows, k, a, aStep, b, bRow, c, cRow, init, initRow);
    a += rows * aStep; c += rows * cRow; init += rows * initRow;
    m -= rows;
  }
}

/** 8 columns of C (4 unless wide). Strides in bytes. The rows are dealt out evenly over as few tiles as will do. */
// @ts-ignore: decorator
@inline function columnsT(wide: bool, m: i32, k: i32, a: usize, aStep: usize, b: usize, bRow: usize, c: usize, cRow: usize, init: usize, initRow: usize): void {
  for (let tiles = (m + MAX_ROWS - 1) / MAX_ROWS; tiles > 0; tiles--) {
    const rows = (m + tiles - 1) / tiles;
    if (wide) tileT2(rows, k, a, aStep, b, bRow, c, cRow, init, initRow); else tileT1(rows, k, a, aStep, b, bRow, c, cRow, init, initRow);
    a += rows * 4; c += rows * cRow; init += rows * initRow;
    m -= rows;
  }
}

/** out[cols, outRow] = scale * in[rows, inRow]^T; columns of `out` from `rows` up to its padded width become 0. cols % 4 == 0. */
export function transpose(rows: i32, cols: i32, input: usize, inRow: i32, out: usize, outRow: i32, scale: f32): void {
  const ir = bytes(inRow), or = bytes(outRow), s = f32x4.splat(scale);
  for (let i = 0; i < rows; i += 4) {
    const rest = rows - i, r = input + i * ir;
    for (let j = 0; j < cols; j += 4) {
      const p = r + bytes(j), zero = f32x4.splat(0);
      const r0 = v128.load(p), r1 = rest > 1 ? v128.load(p + ir) : zero;
      const r2 = rest > 2 ? v128.load(p + 2 * ir) : zero, r3 = rest > 3 ? v128.load(p + 3 * ir) : zero;
      const t0 = v128.shuffle<f32>(r0, r1, 0, 4, 1, 5), t1 = v128.shuffle<f32>(r0, r1, 2, 6, 3, 7);
      const t2 = v128.shuffle<f32>(r2, r3, 0, 4, 1, 5), t3 = v128.shuffle<f32>(r2, r3, 2, 6, 3, 7);
      const o = out + bytes(i) + j * or;
      v128.store(o, f32x4.mul(s, v128.shuffle<i64>(t0, t2, 0, 2)));
      v128.store(o + or, f32x4.mul(s, v128.shuffle<i64>(t0, t2, 1, 3)));
      v128.store(o + 2 * or, f32x4.mul(s, v128.shuffle<i64>(t1, t3, 0, 2)));
      v128.store(o + 3 * or, f32x4.mul(s, v128.shuffle<i64>(t1, t3, 1, 3)));
    }
  }
}
