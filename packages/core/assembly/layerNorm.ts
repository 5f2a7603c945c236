// Layer normalisation over rows of `size` floats stored in `width` = padded(size); padding lanes hold 0 before and after.
import { bytes, fillTail, firstLanes, fma, padded, splat, sumLanes } from './simd';

/** normalized = (x - mean) / scale * gain + bias, scale = sqrt(variance + epsilon). stats[i] = (scale, mean). */
export function layerNorm(rows: i32, size: i32, x: usize, gain: usize, bias: usize, normalized: usize, stats: usize, epsilon: f32): void {
  const row = bytes(padded(size)), whole = bytes(size & ~3), inverse: f32 = 1 / <f32>size;
  for (let i = 0; i < rows; i++) {
    let sum = splat(0);
    for (let j: usize = 0; j < row; j += 16) sum = f32x4.add(sum, v128.load(x + j));
    const mean = sumLanes(sum) * inverse, mean4 = splat(mean);
    let squares = splat(0);
    for (let j: usize = 0; j < whole; j += 16) { const d = f32x4.sub(v128.load(x + j), mean4); squares = fma(d, d, squares); }
    if (whole < row) { const d = v128.and(f32x4.sub(v128.load(x + whole), mean4), firstLanes(size & 3)); squares = fma(d, d, squares); }
    const scale = sqrt<f32>(sumLanes(squares) * inverse + epsilon), rate = splat(1 / scale);
    store<f32>(stats, scale); store<f32>(stats, mean, 4);
    for (let j: usize = 0; j < row; j += 16) // gain and bias are 0 in the padding, so the padding stays 0
      v128.store(normalized + j, fma(f32x4.mul(f32x4.sub(v128.load(x + j), mean4), rate), v128.load(gain + j), v128.load(bias + j)));
    x += row; normalized += row; stats += 8;
  }
}

/** The second half of layerNorm alone, from given stats: for a hook that has changed the scale. */
export function layerNormApply(rows: i32, size: i32, x: usize, gain: usize, bias: usize, normalized: usize, stats: usize): void {
  const row = bytes(padded(size));
  for (let i = 0; i < rows; i++) {
    const rate = splat(1 / load<f32>(stats)), mean = v128.load32_splat(stats, 4);
    for (let j: usize = 0; j < row; j += 16)
      v128.store(normalized + j, fma(f32x4.mul(f32x4.sub(v128.load(x + j), mean), rate), v128.load(gain + j), v128.load(bias + j)));
    x += row; normalized += row; stats += 8;
  }
}

/**
 * dx = init + J^T dy, where init is 0 or a second gradient of x (the residual stream's); adds to dGain and dBias.
 * dStats[i] = (gradient of the scale alone, with x held fixed; 0).
 */
export function layerNormBackward(rows: i32, size: i32, x: usize, gain: usize, stats: usize, dy: usize, init: usize, initRow: i32,
                                  dx: usize, dGain: usize, dBias: usize, dStats: usize): void {
  const width = padded(size), row = bytes(width), inverse: f32 = 1 / <f32>size;
  for (let i = 0; i < rows; i++) {
    const inverseScale: f32 = 1 / load<f32>(stats), mean = v128.load32_splat(stats, 4), rate = splat(inverseScale);
    let sum = splat(0), sumHat = splat(0);
    for (let j: usize = 0; j < row; j += 16) {
      const hat = f32x4.mul(f32x4.sub(v128.load(x + j), mean), rate), d = v128.load(dy + j), dHat = f32x4.mul(d, v128.load(gain + j));
      sum = f32x4.add(sum, dHat); sumHat = fma(dHat, hat, sumHat);
      v128.store(dGain + j, fma(d, hat, v128.load(dGain + j)));
      v128.store(dBias + j, f32x4.add(d, v128.load(dBias + j)));
    }
    const total = sumLanes(sumHat), meanD = splat(sumLanes(sum) * inverse), meanHat = splat(total * inverse);
    store<f32>(dStats, -total * inverseScale); store<f32>(dStats, 0, 4);
    for (let j: usize = 0; j < row; j += 16) {
      const hat = f32x4.mul(f32x4.sub(v128.load(x + j), mean), rate), dHat = f32x4.mul(v128.load(dy + j), v128.load(gain + j));
      v128.store(dx + j, fma(f32x4.sub(f32x4.sub(dHat, meanD), f32x4.mul(hat, meanHat)), rate, v128.load(init + j)));
    }
    fillTail(dx, size, width, splat(0));
    x += row; dy += row; dx += row; init += bytes(initRow); stats += 8; dStats += 8;
  }
}
