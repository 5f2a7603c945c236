// Products with matrices that are larger than the caches, as language models have them: B is read once, as it lies in
// memory, whatever the number of A's rows. Every element is summed in the order of gemm, so it has the same bits.
//
// B comes from memory more slowly than a core multiplies, so it is fetched a slab ahead, a few cache lines between two tiles. Rows
// that lie one behind the other are what the processor's own prefetching follows; larger slabs would not stay in the L2 cache.
import { bytes, padded } from './simd';
import { MAX_ROWS, tileN1, tileN2, tileP2 } from './generated/tiles';

/** A slab of B: at most so many rows, so many columns, and so many floats, 384 KiB. */
const SLAB_DEPTH: i32 = 96, SLAB_WIDTH: i32 = 1536, SLAB: i32 = 98304;

/** Panels lie this many bytes further apart than they are long: they would compete for the same cache sets. */
const APART: usize = 64;

/** C[m, n] = Init + A[m, k]·B[k, n]. Strides in bytes. scratch: SLAB + 2 * SLAB_WIDTH floats. */
export function largeGemm(m: i32, n: i32, k: i32, a: usize, aRow: usize, b: usize, bRow: usize,
                          c: usize, cRow: usize, init: usize, initRow: usize, scratch: usize): void {
  for (let j = 0; j < n; j += SLAB_WIDTH) {
    const width = min(SLAB_WIDTH, n - j), most = min(SLAB_DEPTH, SLAB / width);
    let slab = b + bytes(j), from = 0;
    for (let parts = (k + most - 1) / most; parts > 0; parts--) {
      const depth = (k - from + parts - 1) / parts, start = from == 0;
      announce(m, width, min(depth, k - from - depth), slab + depth * bRow, bRow);
      slabN(m, width, depth, a + bytes(from), aRow, slab, bRow, scratch, c + bytes(j), cRow, (start ? init : c) + bytes(j), start ? initRow : cRow);
      slab += depth * bRow; from += depth;
    }
  }
}

/** What is to be fetched of the next slab: from `next` on up to a row's end, then the rows below. */
let next: usize = 0, rowEnd: usize = 0, rowBytes: usize = 0, rowStep: usize = 0, rowsLeft: i32 = 0;

/** Cache lines fetched before each tile: together they are the slab. */
let pace: i32 = 0;

/** The slab [depth, width] at `slab` comes after the one before it has met m rows of A. */
function announce(m: i32, width: i32, depth: i32, slab: usize, bRow: usize): void {
  next = slab; rowBytes = bytes(width); rowEnd = slab + rowBytes; rowStep = bRow; rowsLeft = depth;
  pace = width * depth / 16 / ((m + MAX_ROWS - 1) / MAX_ROWS * ((width + 7) / 8)) + 1;
}

/** Touches the next lines, for want of an instruction that prefetches. What was read goes to `spare`, or nothing would be. */
function fetch(spare: usize): void {
  let seen = i32x4.splat(0), at = next;
  for (let lines = pace; lines > 0 && rowsLeft > 0; lines--) {
    seen = v128.or(seen, v128.load(at));
    at += 64;
    if (at < rowEnd) continue;
    at = rowEnd - rowBytes + rowStep; rowEnd += rowStep; rowsLeft--;
  }
  next = at;
  v128.store(spare, seen);
}

/** C[m, width] = Init + A[m, depth]·B[depth, width]. The first rows of A meet B as it lies, which is packed into panels [depth, 8] on the way, the others the panels. */
function slabN(m: i32, width: i32, depth: i32, a: usize, aRow: usize, b: usize, bRow: usize, panels: usize,
               c: usize, cRow: usize, init: usize, initRow: usize): void {
  const panel = bytes(8 * depth) + APART, spare = panels + bytes(8 * depth), all = (m + MAX_ROWS - 1) / MAX_ROWS;
  for (let tiles = all; tiles > 0; tiles--) {
    const rows = (m + tiles - 1) / tiles;
    let i = 0, at = panels;
    for (; i + 8 <= width; i += 8, at += panel) {
      if (rowsLeft > 0) fetch(spare);
      if (tiles == all) tileP2(rows, depth, a, aRow, b + bytes(i), bRow, at, c + bytes(i), cRow, init + bytes(i), initRow);
      else tileN2(rows, depth, a, aRow, at, 32, c + bytes(i), cRow, init + bytes(i), initRow);
    }
    if (i < width) tileN1(rows, depth, a, aRow, b + bytes(i), bRow, c + bytes(i), cRow, init + bytes(i), initRow);
    a += rows * aRow; c += rows * cRow; init += rows * initRow;
    m -= rows;
  }
}

/** Rows and columns of B that are packed at a time where its transpose is given, whose rows are whole then, up to widths of this size: 216 KiB. */
const DEPTH: i32 = 576, WIDTH: i32 = 96;

/** The same with B given as its transpose, Bt[rows, k], which has zeros in the columns up to n = padded(rows). zeros: padded(k) of them. */
export function largeGemmTransposed(rows: i32, m: i32, k: i32, a: usize, aRow: usize, bt: usize, btRow: usize,
                                    c: usize, cRow: usize, init: usize, initRow: usize, scratch: usize, zeros: usize): void {
  const n = padded(rows);
  for (let j = 0; j < n; j += WIDTH) {
    const width = min(WIDTH, n - j);
    let from = 0;
    for (let parts = (k + DEPTH - 1) / DEPTH; parts > 0; parts--) {
      const depth = min(k - from, padded((k - from + parts - 1) / parts)), panel = bytes(8 * depth) + APART;
      packRows(rows - j, width, depth, bt + j * btRow + bytes(from), btRow, scratch, panel, zeros);
      const start = from == 0, first = (start ? init : c) + bytes(j), step = start ? initRow : cRow;
      panelsN(m, width, depth, a + bytes(from), aRow, scratch, panel, c + bytes(j), cRow, first, step);
      from += depth;
    }
  }
}

/** A block of C from packed panels: a tile's rows of A stay in the L1 cache while all panels pass by. */
function panelsN(m: i32, width: i32, depth: i32, a: usize, aRow: usize, panels: usize, panel: usize, c: usize, cRow: usize, init: usize, initRow: usize): void {
  for (let tiles = (m + MAX_ROWS - 1) / MAX_ROWS; tiles > 0; tiles--) {
    const rows = (m + tiles - 1) / tiles;
    let i = 0, at = panels;
    for (; i + 8 <= width; i += 8, at += panel) tileN2(rows, depth, a, aRow, at, 32, c + bytes(i), cRow, init + bytes(i), initRow);
    if (i < width) tileN1(rows, depth, a, aRow, at, 32, c + bytes(i), cRow, init + bytes(i), initRow);
    a += rows * aRow; c += rows * cRow; init += rows * initRow;
    m -= rows;
  }
}

/** Panels [depth, 8] of B from Bᵀ[rows, depth], whose rows are whole vectors. */
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
