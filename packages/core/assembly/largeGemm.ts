// Products with matrices that are larger than the caches, as language models have them: B is read once, as it lies in
// memory, whatever the number of A's rows. Every element is summed in the order of gemm, so it has the same bits.
import { bytes, padded } from './simd';
import { MAX_ROWS, tileN1, tileN2 } from './generated/tiles';

/** Rows and columns of B that are packed at a time: 192 KiB, which stay in the L2 cache. */
const DEPTH: i32 = 192, WIDTH: i32 = 256;

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
      rowsN(m, width, depth, a + bytes(from), aRow, scratch, panel, c + bytes(j), cRow, first, step);
      from += depth;
    }
  }
}

/** A block of C from packed panels: a tile's rows of A stay in the L1 cache while all panels pass by. */
function rowsN(m: i32, width: i32, depth: i32, a: usize, aRow: usize, panels: usize, panel: usize, c: usize, cRow: usize, init: usize, initRow: usize): void {
  for (let tiles = (m + MAX_ROWS - 1) / MAX_ROWS; tiles > 0; tiles--) {
    const rows = (m + tiles - 1) / tiles;
    let i = 0, at = panels;
    for (; i + 8 <= width; i += 8, at += panel) tileN2(rows, depth, a, aRow, at, 32, c + bytes(i), cRow, init + bytes(i), initRow);
    if (i < width) tileN1(rows, depth, a, aRow, at, 32, c + bytes(i), cRow, init + bytes(i), initRow);
    a += rows * aRow; c += rows * cRow; init += rows * initRow;
    m -= rows;
  }
}

/** Panels [depth, 8] of B[depth, width], four rows at a time; of the last one 4 columns where the width is no multiple of 8. */
function packColumns(width: i32, depth: i32, b: usize, bRow: usize, panels: usize, panel: usize): void {
  let r = 0;
  for (; r + 4 <= depth; r += 4) {
    let r0 = b + r * bRow, r1 = r0 + bRow, r2 = r1 + bRow, r3 = r2 + bRow, out = panels + bytes(8 * r), i = 0;
    for (; i + 8 <= width; i += 8) {
      v128.store(out, v128.load(r0)); v128.store(out, v128.load(r0, 16), 16);
      v128.store(out, v128.load(r1), 32); v128.store(out, v128.load(r1, 16), 48);
      v128.store(out, v128.load(r2), 64); v128.store(out, v128.load(r2, 16), 80);
      v128.store(out, v128.load(r3), 96); v128.store(out, v128.load(r3, 16), 112);
      r0 += 32; r1 += 32; r2 += 32; r3 += 32; out += panel;
    }
    if (i == width) continue;
    v128.store(out, v128.load(r0)); v128.store(out, v128.load(r1), 32); v128.store(out, v128.load(r2), 64); v128.store(out, v128.load(r3), 96);
  }
  for (; r < depth; r++) for (let i = 0; i < width; i += 4)
    v128.store(panels + <usize>(i >> 3) * panel + bytes(8 * r + (i & 4)), v128.load(b + r * bRow + bytes(i)));
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
