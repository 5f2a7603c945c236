// Products with matrices that are larger than the caches, as language models have them: B is read once, as it lies in
// memory, whatever the number of A's rows. Every element is summed in the order of gemm, so it has the same bits.
import { bytes, padded } from './simd';
import { columnsN } from './gemm';

/** Rows and columns of B that are packed at a time: 320 KiB, which stay in the L2 cache. */
const DEPTH: i32 = 320, WIDTH: i32 = 256;

/** The panels of a block lie this many bytes further apart than they are long: they would compete for the same cache sets. */
const APART: usize = 64;

/**
 * C[m, n] = Init + A[m, k]·B[k, n]. `rows` is 0, or B is given as its transpose, [rows, k], and has zeros in the columns up to n, which is
 * padded. Strides in bytes. scratch: (DEPTH + 2) * WIDTH floats; zeros: padded(k) of them.
 */
export function largeGemm(rows: i32, m: i32, n: i32, k: i32, a: usize, aRow: usize, b: usize, bRow: usize,
                          c: usize, cRow: usize, init: usize, initRow: usize, scratch: usize, zeros: usize): void {
  for (let j = 0; j < n; j += WIDTH) {
    const width = min(WIDTH, n - j);
    let from = 0;
    for (let parts = (k + DEPTH - 1) / DEPTH; parts > 0; parts--) {
      const depth = min(k - from, padded((k - from + parts - 1) / parts)), panel = bytes(8 * depth) + APART;
      if (rows > 0) packRows(rows - j, width, depth, b + j * bRow + bytes(from), bRow, scratch, panel, zeros);
      else packColumns(width, depth, b + from * bRow + bytes(j), bRow, scratch, panel);
      const start = from == 0, first = (start ? init : c) + bytes(j), step = start ? initRow : cRow;
      for (let i = 0, at = scratch; i < width; i += 8, at += panel)
        columnsN(i + 8 <= width, m, depth, a + bytes(from), aRow, at, 32, c + bytes(j + i), cRow, first + bytes(i), step);
      from += depth;
    }
  }
}

/** Panels [depth, 8] of B[depth, width], four rows at a time; of the last one 4 columns where the width is no multiple of 8. */
function packColumns(width: i32, depth: i32, b: usize, bRow: usize, panels: usize, panel: usize): void {
  for (let r = 0; r < depth; r += 4) {
    const rows = min(4, depth - r);
    let from = b + r * bRow, to = panels + bytes(8 * r);
    for (let i = 0; i < width; i += 8, from += 32, to += panel) {
      const wide = i + 8 <= width;
      for (let x = 0, row = from, out = to; x < rows; x++, row += bRow, out += 32) {
        v128.store(out, v128.load(row));
        if (wide) v128.store(out, v128.load(row, 16), 16);
      }
    }
  }
}

/** The same panels from Bᵀ[rows, depth], whose rows are whole vectors. */
function packRows(rows: i32, width: i32, depth: i32, b: usize, bRow: usize, panels: usize, panel: usize, zeros: usize): void {
  for (let i = 0; i < width; i += 4) {
    const r0 = b + i * bRow, r1 = i + 1 < rows ? r0 + bRow : zeros, r2 = i + 2 < rows ? r1 + bRow : zeros, r3 = i + 3 < rows ? r2 + bRow : zeros;
    let out = panels + <usize>(i >> 3) * panel + bytes(i & 4);
    for (let x: usize = 0, left = depth; left > 0; x += 16, left -= 4, out += 128) {
      const v0 = v128.load(r0 + x), v1 = v128.load(r1 + x), v2 = v128.load(r2 + x), v3 = v128.load(r3 + x);
      const t0 = v128.shuffle<f32>(v0, v1, 0, 4, 1, 5), t1 = v128.shuffle<f32>(v0, v1, 2, 6, 3, 7);
      const t2 = v128.shuffle<f32>(v2, v3, 0, 4, 1, 5), t3 = v128.shuffle<f32>(v2, v3, 2, 6, 3, 7);
      v128.store(out, v128.shuffle<i64>(t0, t2, 0, 2));
      if (left > 1) v128.store(out, v128.shuffle<i64>(t0, t2, 1, 3), 32);
      if (left > 2) v128.store(out, v128.shuffle<i64>(t1, t3, 0, 2), 64);
      if (left > 3) v128.store(out, v128.shuffle<i64>(t1, t3, 1, 3), 96);
    }
  }
}
