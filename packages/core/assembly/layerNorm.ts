// Layer normalisation over rows of `size` floats stored in `width` = padded(size); padding lanes hold 0 before and after. RMSNorm
// is the same about 0 in place of the mean (`centred` 0).
import { bytes, fillTail, firstLanes, fma, padded, splat, sumAcross } from './simd';

/** The mean of a row in every lane. Two sums at a time: one alone would wait for each addition. */
// @ts-ignore: decorator
@inline export function meanOf(row: usize, x: usize, inverse: v128): v128 {
  let even = splat(0), odd = splat(0), j: usize = 0;
  for (; j + 32 <= row; j += 32) { even = f32x4.add(even, v128.load(x + j)); odd = f32x4.add(odd, v128.load(x + j, 16)); }
  if (j < row) even = f32x4.add(even, v128.load(x + j));
  return f32x4.mul(sumAcross(f32x4.add(even, odd)), inverse);
}

/** sqrt(variance + epsilon) in every lane. */
// @ts-ignore: decorator
@inline export function scaleOf(size: i32, x: usize, mean: v128, inverse: v128, epsilon: v128): v128 {
  const whole = bytes(size & ~3);
  let even = splat(0), odd = splat(0), j: usize = 0;
  for (; j + 32 <= whole; j += 32) {
    const d = f32x4.sub(v128.load(x + j), mean), e = f32x4.sub(v128.load(x + j, 16), mean);
    even = fma(d, d, even); odd = fma(e, e, odd);
  }
  if (j < whole) { const d = f32x4.sub(v128.load(x + j), mean); even = fma(d, d, even); }
  if (size & 3) { const d = v128.and(f32x4.sub(v128.load(x + whole), mean), firstLanes(size & 3)); odd = fma(d, d, odd); }
  return f32x4.sqrt(f32x4.add(f32x4.mul(sumAcross(f32x4.add(even, odd)), inverse), epsilon));
}

/** normalized = (x - mean) / scale * gain + bias, scale = sqrt(variance + epsilon). stats[i] = (scale, mean). */
export function layerNorm(rows: i32, size: i32, x: usize, gain: usize, bias: usize, normalized: usize, stats: usize, epsilon: f32,
                          centred: i32): void {
  const row = bytes(padded(size)), inverse = splat(1 / <f32>size), eps = splat(epsilon);
  for (let i = 0; i < rows; i++) {
    const mean = centred ? meanOf(row, x, inverse) : splat(0), scale = scaleOf(size, x, mean, inverse, eps), rate = f32x4.div(splat(1), scale);
    v128.store32_lane(stats, scale, 0); v128.store32_lane(stats, mean, 0, 4);
    for (let j: usize = 0; j < row; j += 16) // gain and bias are 0 in the padding, so the padding stays 0
      v128.store(normalized + j, fma(f32x4.mul(f32x4.sub(v128.load(x + j), mean), rate), v128.load(gain + j), v128.load(bias + j)));
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
                                  dx: usize, dGain: usize, dBias: usize, dStats: usize, centred: i32): void {
  const width = padded(size), row = bytes(width), inverse4 = splat(1 / <f32>size);
  for (let i = 0; i < rows; i++) {
    const inverseScale: f32 = 1 / load<f32>(stats), mean = v128.load32_splat(stats, 4), rate = splat(inverseScale);
    let sum = splat(0), sumHat = splat(0);
    for (let j: usize = 0; j < row; j += 16) {
      const hat = f32x4.mul(f32x4.sub(v128.load(x + j), mean), rate), d = v128.load(dy + j), dHat = f32x4.mul(d, v128.load(gain + j));
      sum = f32x4.add(sum, dHat); sumHat = fma(dHat, hat, sumHat);
      v128.store(dGain + j, fma(d, hat, v128.load(dGain + j)));
      v128.store(dBias + j, f32x4.add(d, v128.load(dBias + j)));
    }
    const total = sumAcross(sumHat), meanD = centred ? f32x4.mul(sumAcross(sum), inverse4) : splat(0), meanHat = f32x4.mul(total, inverse4);
    store<f32>(dStats, -f32x4.extract_lane(total, 0) * inverseScale); store<f32>(dStats, 0, 4);
    for (let j: usize = 0; j < row; j += 16) {
      const hat = f32x4.mul(f32x4.sub(v128.load(x + j), mean), rate), dHat = f32x4.mul(v128.load(dy + j), v128.load(gain + j));
      v128.store(dx + j, fma(f32x4.sub(f32x4.sub(dHat, meanD), f32x4.mul(hat, meanHat)), rate, v128.load(init + j)));
    }
    fillTail(dx, size, width, splat(0));
    x += row; dy += row; dx += row; init += bytes(initRow); stats += 8; dStats += 8;
  }
}
