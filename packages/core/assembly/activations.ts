// What an MLP does to each number: ReLU, GELU (exact, and by the tanh), SiLU, in the order of engine/activations.ts. Padding stays 0,
// since each of them is 0 at 0 and so is the padding of a bias.
import { bytes, exp4, fma, splat } from './simd';

const RELU: i32 = 0, GELU: i32 = 1, GELU_NEW: i32 = 2;

/** e^-x, as large as is finite with 1 added. */
// @ts-ignore: decorator
@inline function fall(x: v128): v128 { return exp4(f32x4.pmin(splat(87), f32x4.neg(x))); }

/** 1 / (1 + e^-x) */
// @ts-ignore: decorator
@inline function sigmoid(x: v128): v128 { return f32x4.div(splat(1), f32x4.add(splat(1), fall(x))); }

/** The share of a standard normal distribution below x: erfc's rational fit of Press et al. (Numerical Recipes, 6.2), relative error 1.2e-7. */
// @ts-ignore: decorator
@inline function normalShare(x: v128): v128 {
  const z = f32x4.mul(f32x4.abs(x), splat(0.70710678118654752)), t = f32x4.div(splat(1), fma(z, splat(0.5), splat(1)));
  let p = fma(t, splat(0.17087277), splat(-0.82215223));
  p = fma(t, p, splat(1.48851587)); p = fma(t, p, splat(-1.13520398)); p = fma(t, p, splat(0.27886807)); p = fma(t, p, splat(-0.18628806));
  p = fma(t, p, splat(0.09678418)); p = fma(t, p, splat(0.37409196)); p = fma(t, p, splat(1.00002368)); p = fma(t, p, splat(-1.26551223));
  const tail = f32x4.mul(f32x4.mul(t, splat(0.5)), exp4(f32x4.sub(p, f32x4.mul(z, z))));
  return v128.bitselect(tail, f32x4.sub(splat(1), tail), f32x4.lt(x, splat(0)));
}

/** 2 √(2/π) (x + 0.044715 x³): GELU by the tanh is x times the sigmoid of it. */
// @ts-ignore: decorator
@inline function bent(x: v128): v128 { return f32x4.mul(x, fma(f32x4.mul(x, x), splat(0.07135481627), splat(1.59576912161))); }

// @ts-ignore: decorator
@inline function valueOf(kind: i32, x: v128): v128 {
  if (kind == RELU) return f32x4.pmax(splat(0), x);
  if (kind == GELU) return f32x4.mul(x, normalShare(x));
  return f32x4.mul(x, sigmoid(kind == GELU_NEW ? bent(x) : x));
}

// @ts-ignore: decorator
@inline function slopeOf(kind: i32, x: v128): v128 {
  if (kind == RELU) return v128.and(f32x4.gt(x, splat(0)), splat(1));
  if (kind == GELU) {
    const density = f32x4.mul(splat(0.39894228040143268), exp4(f32x4.mul(splat(-0.5), f32x4.mul(x, x))));
    return fma(x, density, normalShare(x));
  }
  // 1 − s is s e^-u, which keeps its digits where s is nearly 1.
  const e = fall(kind == GELU_NEW ? bent(x) : x), s = f32x4.div(splat(1), f32x4.add(splat(1), e)), inner = f32x4.mul(s, f32x4.mul(s, e));
  if (kind != GELU_NEW) return fma(x, inner, s);
  const bend = fma(f32x4.mul(x, x), splat(0.21406444881), splat(1.59576912161));
  return fma(f32x4.mul(x, bend), inner, s);
}

/** post = f(pre), or, with a second factor (address not 0), f(pre) · linear + bias, the bias being one row. */
export function activate(rows: i32, width: i32, kind: i32, pre: usize, linear: usize, bias: usize, post: usize): void {
  const row = bytes(width);
  for (let i = 0; i < rows; i++) {
    for (let j: usize = 0; j < row; j += 16) {
      const value = valueOf(kind, v128.load(pre + j));
      v128.store(post + j, linear ? fma(value, v128.load(linear + j), v128.load(bias + j)) : value);
    }
    pre += row; post += row;
    if (linear) linear += row;
  }
}

/** dPre, and with a second factor dLinear, from dPost; dPre may be dPost. */
export function activateBackward(count: i32, kind: i32, pre: usize, linear: usize, dPost: usize, dPre: usize, dLinear: usize): void {
  for (let j: usize = 0, end = bytes(count); j < end; j += 16) {
    const x = v128.load(pre + j), d = v128.load(dPost + j), slope = slopeOf(kind, x);
    if (linear) {
      v128.store(dPre + j, f32x4.mul(f32x4.mul(d, v128.load(linear + j)), slope));
      v128.store(dLinear + j, f32x4.mul(d, valueOf(kind, x)));
    } else v128.store(dPre + j, f32x4.mul(d, slope));
  }
}
