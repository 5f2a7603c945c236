// Next-token cross-entropy: loss per position and its gradient in one pass over the logits.
import { bytes, exp4, fillTail, maxLanes, padded, splat, sumLanes } from './simd';

/** Natural logarithm of a positive float: exponent bits plus an odd series of (m - 1) / (m + 1). A NaN stays one. */
function ln(x: f32): f32 {
  if (x != x) return x;
  const bits = reinterpret<i32>(x);
  let exponent = (bits >> 23) - 127, m = reinterpret<f32>((bits & 0x7fffff) | 0x3f800000);
  if (m > 1.41421356) { m *= 0.5; exponent++; }
  const t = (m - 1) / (m + 1), t2 = t * t;
  return <f32>exponent * 0.69314718 + 2 * t * (1 + t2 * (0.33333333 + t2 * (0.2 + t2 * (0.14285714 + t2 * 0.11111111))));
}

/** The same in float64, within some 1e-13 of itself. */
function ln64(x: f64): f64 {
  if (x != x) return x;
  const bits = reinterpret<i64>(x);
  let exponent = <i32>(bits >> 52) - 1023, m = reinterpret<f64>((bits & 0xfffffffffffff) | 0x3ff0000000000000);
  if (m > 1.4142135623730951) { m *= 0.5; exponent++; }
  const t = (m - 1) / (m + 1), t2 = t * t;
  let series: f64 = 0;
  for (let odd = 17; odd > 1; odd -= 2) series = (series + 1 / <f64>odd) * t2;
  return <f64>exponent * 0.6931471805599453 + 2 * t * (1 + series);
}

/** From so many tokens on, probabilities are summed in float64: in float32 all the unlikely ones together are lost beside one near 1. */
const LARGE_VOCABULARY: i32 = 4096;

/** The loss of a target whose logit lies `below` the largest, `top`, by so much: as precise as a float32 is, also next to 0. */
function preciseLoss(row: usize, logits: usize, top: v128, below: f32): f32 {
  let even = f64x2.splat(0), odd = even;
  for (let j: usize = 0; j < row; j += 16) {
    const e = exp4(f32x4.sub(v128.load(logits + j), top));
    even = f64x2.add(even, f64x2.promote_low_f32x4(e));
    odd = f64x2.add(odd, f64x2.promote_low_f32x4(v128.shuffle<i64>(e, e, 1, 0)));
  }
  const sums = f64x2.add(even, odd);
  return <f32>(ln64(f64x2.extract_lane(sums, 0) + f64x2.extract_lane(sums, 1)) + <f64>below);
}

/**
 * losses[i] = -log softmax(logits[i])[target[i]] and dLogits = scale * (softmax - onehot). A target of -1 is none: loss
 * and gradient are 0. A target of -2 - t stands for token t that is measured but not trained on: its gradient is 0.
 * Where dLogits is 0 there is no gradient: losses alone.
 */
export function crossEntropy(rows: i32, vocab: i32, logits: usize, targets: usize, losses: usize, dLogits: usize, scale: f32): void {
  const width = padded(vocab), row = bytes(width), large = vocab >= LARGE_VOCABULARY;
  for (let i = 0; i < rows; i++) {
    let target = load<i32>(targets + bytes(i));
    const counts = target >= 0;
    if (!counts) target = -2 - target;
    if (target < 0) { if (dLogits) memory.fill(dLogits, 0, row); store<f32>(losses + bytes(i), 0); logits += row; if (dLogits) dLogits += row; continue; }
    fillTail(logits, vocab, width, splat(-Infinity));
    let top = v128.load(logits);
    for (let j: usize = 16; j < row; j += 16) top = f32x4.pmax(top, v128.load(logits + j));
    const shift = maxLanes(top), shift4 = splat(shift);
    let sum4 = splat(0);
    if (dLogits) for (let j: usize = 0; j < row; j += 16) { const e = exp4(f32x4.sub(v128.load(logits + j), shift4)); sum4 = f32x4.add(sum4, e); v128.store(dLogits + j, e); }
    else if (!large) for (let j: usize = 0; j < row; j += 16) sum4 = f32x4.add(sum4, exp4(f32x4.sub(v128.load(logits + j), shift4)));
    const sum = sumLanes(sum4), below = shift - load<f32>(logits + bytes(target));
    store<f32>(losses + bytes(i), large ? preciseLoss(row, logits, shift4, below) : ln(sum) + shift - load<f32>(logits + bytes(target)));
    logits += row;
    if (!dLogits) continue;
    const norm = splat(counts ? scale / sum : 0);
    for (let j: usize = 0; j < row; j += 16) v128.store(dLogits + j, f32x4.mul(v128.load(dLogits + j), norm));
    const hit = dLogits + bytes(target);
    if (counts) store<f32>(hit, load<f32>(hit) - scale);
    dLogits += row;
  }
}
