// The optimiser, in two passes with a barrier between them: first the gradients of all shards become one, then AdamW.
import { bytes, fma, splat } from './simd';

/**
 * Sums `shards` gradient buffers, `stride` bytes apart, into the first one over floats [from, to), multiples of 4, and
 * clears the others for the next step. Returns the sum of squares of the result, accumulated in float64.
 */
export function sumShards(from: i32, to: i32, gradients: usize, stride: usize, shards: i32): f64 {
  let squares = f64x2.splat(0);
  for (let i = bytes(from), end = bytes(to); i < end; i += 16) {
    let at = gradients + i, g = v128.load(at);
    for (let s = 1; s < shards; s++) { at += stride; g = f32x4.add(g, v128.load(at)); v128.store(at, splat(0)); }
    v128.store(gradients + i, g);
    const low = f64x2.promote_low_f32x4(g), high = f64x2.promote_low_f32x4(v128.shuffle<i64>(g, g, 1, 0));
    squares = f64x2.add(squares, f64x2.add(f64x2.mul(low, low), f64x2.mul(high, high)));
  }
  return f64x2.extract_lane(squares, 0) + f64x2.extract_lane(squares, 1);
}

/**
 * AdamW with decoupled weight decay on floats [from, to), multiples of 4. The gradient is multiplied by gradientScale
 * (clipping), used and cleared. take1, take2: 1 - beta, exact (1 - f32(beta) would not be); correction1, correction2: 1 / (1 - beta^step).
 */
export function adamw(from: i32, to: i32, parameters: usize, gradient: usize, m: usize, v: usize, rate: f32, beta1: f32, take1: f32,
                      beta2: f32, take2: f32, epsilon: f32, decay: f32, correction1: f32, correction2: f32, gradientScale: f32): void {
  const keep1 = splat(beta1), share1 = splat(take1), keep2 = splat(beta2), share2 = splat(take2), clip = splat(gradientScale);
  const stepSize = splat(rate * correction1), unbias2 = splat(correction2), eps = splat(epsilon), shrink = splat(1 - rate * decay);
  for (let i = bytes(from), end = bytes(to); i < end; i += 16) {
    const g = f32x4.mul(clip, v128.load(gradient + i));
    v128.store(gradient + i, splat(0));
    const mean = fma(keep1, v128.load(m + i), f32x4.mul(share1, g));
    const square = fma(keep2, v128.load(v + i), f32x4.mul(share2, f32x4.mul(g, g)));
    v128.store(m + i, mean); v128.store(v + i, square);
    const update = f32x4.div(f32x4.mul(mean, stepSize), f32x4.add(f32x4.sqrt(f32x4.mul(square, unbias2)), eps));
    v128.store(parameters + i, f32x4.sub(f32x4.mul(v128.load(parameters + i), shrink), update));
  }
}
