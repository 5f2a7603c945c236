// What is a sum of two table rows, a token's and a position's, and LayerNorm in the parts that such a sum needs.
import { meanOf, scaleOf } from './layerNorm';
import { bytes, fillTail, fma, padded, splat, sumAcross, sumLanes } from './simd';

/**
 * out[i] = (tokens' row + positions' row) / scale[i] + offset, the offset being one row. `positionRow` 0 reads one row for
 * every position. stats[i] = (scale, mean), or no stats (address 0) for a scale of 1 and no offset.
 */
export function lookUp(rows: i32, width: i32, tokenTable: usize, tokens: usize, positionTable: usize, positionRow: i32, positions: usize,
                       stats: usize, offset: usize, out: usize): void {
  const row = bytes(width);
  for (let i = 0; i < rows; i++) {
    const t = tokenTable + load<i32>(tokens + bytes(i)) * row, p = positionTable + load<i32>(positions + bytes(i)) * bytes(positionRow);
    if (stats) {
      const rate = splat(1 / load<f32>(stats + 8 * i));
      for (let j: usize = 0; j < row; j += 16) v128.store(out + j, fma(f32x4.add(v128.load(t + j), v128.load(p + j)), rate, v128.load(offset + j)));
    } else for (let j: usize = 0; j < row; j += 16) v128.store(out + j, f32x4.add(v128.load(t + j), v128.load(p + j)));
    out += row;
  }
}

/**
 * Adds dOut / scale to the rows of both tables' gradients (dPositionTable 0: none, where nothing is scaled), and to dStats[i]
 * the gradient of the scale: -dOut·(out - offset) / scale.
 */
export function lookUpBackward(rows: i32, width: i32, dOut: usize, out: usize, offset: usize, tokens: usize, positions: usize, stats: usize,
                               dTokenTable: usize, dPositionTable: usize, dStats: usize): void {
  const row = bytes(width);
  for (let i = 0; i < rows; i++) {
    const t = dTokenTable + load<i32>(tokens + bytes(i)) * row, p = dPositionTable + load<i32>(positions + bytes(i)) * row;
    if (stats) {
      const inverse: f32 = 1 / load<f32>(stats + 8 * i), rate = splat(inverse);
      let dot = splat(0);
      for (let j: usize = 0; j < row; j += 16) {
        const d = v128.load(dOut + j);
        dot = fma(d, f32x4.sub(v128.load(out + j), v128.load(offset + j)), dot);
        v128.store(t + j, fma(d, rate, v128.load(t + j)));
        v128.store(p + j, fma(d, rate, v128.load(p + j)));
      }
      store<f32>(dStats + 8 * i, load<f32>(dStats + 8 * i) - sumLanes(dot) * inverse);
    } else if (dPositionTable) {
      for (let j: usize = 0; j < row; j += 16) {
        const d = v128.load(dOut + j);
        v128.store(t + j, f32x4.add(d, v128.load(t + j)));
        v128.store(p + j, f32x4.add(d, v128.load(p + j)));
      }
    } else for (let j: usize = 0; j < row; j += 16) v128.store(t + j, f32x4.add(v128.load(dOut + j), v128.load(t + j)));
    dOut += row; out += row;
  }
}

/** stats[i] = (scale, mean) of each row, as in layerNorm. */
export function moments(rows: i32, size: i32, x: usize, stats: usize, epsilon: f32): void {
  const row = bytes(padded(size)), inverse = splat(1 / <f32>size), eps = splat(epsilon);
  for (let i = 0; i < rows; i++) {
    const mean = meanOf(row, x, inverse), scale = scaleOf(size, x, mean, inverse, eps);
    v128.store32_lane(stats, scale, 0); v128.store32_lane(stats, mean, 0, 4);
    x += row; stats += 8;
  }
}

/** dx += the gradient that reaches x through the scale alone: dStats / (size scale) · (x - mean). */
export function momentsBackward(rows: i32, size: i32, x: usize, stats: usize, dStats: usize, dx: usize): void {
  const width = padded(size), row = bytes(width), inverse: f32 = 1 / <f32>size;
  for (let i = 0; i < rows; i++) {
    const factor = splat(load<f32>(dStats) * inverse / load<f32>(stats)), mean = v128.load32_splat(stats, 4);
    for (let j: usize = 0; j < row; j += 16) v128.store(dx + j, fma(f32x4.sub(v128.load(x + j), mean), factor, v128.load(dx + j)));
    fillTail(dx, size, width, splat(0));
    x += row; dx += row; stats += 8; dStats += 8;
  }
}

/** out[i] = (x[i] - mean of x[i]) gain; padding stays 0 because gain's is. */
export function centre(rows: i32, size: i32, x: usize, gain: usize, out: usize): void {
  const row = bytes(padded(size)), inverse = splat(1 / <f32>size);
  for (let i = 0; i < rows; i++) {
    const mean = meanOf(row, x, inverse);
    for (let j: usize = 0; j < row; j += 16) v128.store(out + j, f32x4.mul(f32x4.sub(v128.load(x + j), mean), v128.load(gain + j)));
    x += row; out += row;
  }
}

/** Adds to dGain, and to dx unless that is 0. */
export function centreBackward(rows: i32, size: i32, x: usize, gain: usize, dOut: usize, dx: usize, dGain: usize): void {
  const width = padded(size), row = bytes(width), inverse = splat(1 / <f32>size);
  for (let i = 0; i < rows; i++) {
    let sum = splat(0), sumD = splat(0);
    for (let j: usize = 0; j < row; j += 16) {
      sum = f32x4.add(sum, v128.load(x + j));
      sumD = fma(v128.load(dOut + j), v128.load(gain + j), sumD);
    }
    const mean = f32x4.mul(sumAcross(sum), inverse), meanD = f32x4.mul(sumAcross(sumD), inverse);
    for (let j: usize = 0; j < row; j += 16) {
      const d = v128.load(dOut + j);
      v128.store(dGain + j, fma(d, f32x4.sub(v128.load(x + j), mean), v128.load(dGain + j)));
      if (dx) v128.store(dx + j, f32x4.add(v128.load(dx + j), f32x4.sub(f32x4.mul(d, v128.load(gain + j)), meanD)));
    }
    if (dx) { fillTail(dx, size, width, splat(0)); dx += row; }
    x += row; dOut += row;
  }
}
