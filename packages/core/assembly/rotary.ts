// Rotary positions: each head's pairs, (i, i + half) or the neighbours (2i, 2i + 1), turn by an angle that grows with the position.
import { bytes } from './simd';

/**
 * output[r, h, :] = input[r, h, :] with pairs (i, i + half), i < half, or (2i, 2i + 1) where `adjacent`, rotated by the angle whose cosine and sine stand in
 * tables[positions[r], i] and tables[positions[r], half + i]; other dimensions are copied. direction 1 forward, -1
 * backward (the transpose of a rotation turns back). headSize is a multiple of 4; output may be input.
 */
export function rotary(rows: i32, heads: i32, headSize: i32, half: i32, input: usize, output: usize, positions: usize, tables: usize, direction: f32,
                       adjacent: i32): void {
  const turn = f32x4.splat(direction), head = bytes(headSize), reach = bytes(half), tableRow = bytes(2 * half);
  for (let r = 0; r < rows; r++) {
    const cosines = tables + <usize>load<i32>(positions + bytes(r)) * tableRow, sines = cosines + reach;
    for (let h = 0; h < heads; h++) {
      if (input != output) memory.copy(output, input, head);
      let i: usize = 0;
      if (adjacent) for (; i < reach; i += 4) {
        const c = load<f32>(cosines + i), s = load<f32>(sines + i) * direction;
        const a = load<f32>(input + 2 * i), b = load<f32>(input + 2 * i, 4);
        store<f32>(output + 2 * i, a * c - b * s);
        store<f32>(output + 2 * i, b * c + a * s, 4);
      } else if ((half & 3) == 0) for (; i < reach; i += 16) {
        const c = v128.load(cosines + i), s = f32x4.mul(v128.load(sines + i), turn);
        const a = v128.load(input + i), b = v128.load(input + i + reach);
        v128.store(output + i, f32x4.sub(f32x4.mul(a, c), f32x4.mul(b, s)));
        v128.store(output + i + reach, f32x4.add(f32x4.mul(b, c), f32x4.mul(a, s)));
      } else for (; i < reach; i += 4) {
        const c = load<f32>(cosines + i), s = load<f32>(sines + i) * direction;
        const a = load<f32>(input + i), b = load<f32>(input + i + reach);
        store<f32>(output + i, a * c - b * s);
        store<f32>(output + i + reach, b * c + a * s);
      }
      input += head; output += head;
    }
  }
}
