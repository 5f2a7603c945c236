// Activation functions: known values, slopes by finite differences, and kernels against the float64 twins, number by number.
import { describe, expect, test } from 'vitest';
import { distance } from '../../test/support/golden.ts';
import {
  dot,
  expectAgreement,
  Kit,
  numericGradient,
  referenceKit,
  SIZES,
  WASM_ENGINES,
} from '../../test/support/kit.ts';
import { ACTIVATIONS, DEFINITIONS, normalShare } from './activations.ts';

test('values that tables and PyTorch give', () => {
  // Φ(1), Φ(−3), Φ(−10): the tails keep their digits on both sides of where the fraction takes over.
  expect(normalShare(1) / 0.8413447460685429 - 1).toBeCloseTo(0, 14);
  expect(normalShare(-3) / 0.0013498980316300946 - 1).toBeCloseTo(0, 13);
  expect(normalShare(-2.999999) / normalShare(-3.000001) - 1).toBeCloseTo(2e-6 * 3.2831, 9);
  expect(normalShare(-10) / 7.61985302416047e-24 - 1).toBeCloseTo(0, 12);
  const at = (x: number): number[] => ACTIVATIONS.map((kind) => DEFINITIONS[kind].value(x));
  expect(distance(at(1), [1, 0.8413447460685429, 0.8411919906082768, 0.7310585786300049])).toBeLessThan(1e-15);
  expect(distance(at(-2), [0, -0.04550026389635839, -0.04540230591222494, -0.23840584404423515])).toBeLessThan(1e-14);
  expect(at(0).every((value) => value === 0)).toBe(true);
});

describe.for(ACTIVATIONS)('%s', (kind) => {
  test.for([false, true])('the backward pass is the slope of the forward pass, gated: %s', (gated) => {
    const kit = referenceKit();
    const [pre, linear, post, weight] = [kit.matrix(3, 7), kit.matrix(3, 7), kit.matrix(3, 7), kit.matrix(3, 7)];
    const bias = kit.vector(7);
    const value = (): number => {
      kit.ops.activate(kind, pre, gated ? { linear, bias } : null, post);
      return dot(post, weight);
    };
    const [dPre, dLinear] = [kit.matrix(3, 7), kit.matrix(3, 7)];
    kit.ops.activateBackward(kind, { pre, dPost: weight, dPre, gate: gated ? { linear, dLinear } : null });
    expect(distance(dPre.toArray(), numericGradient(pre, value))).toBeLessThan(1e-8);
    if (gated) expect(distance(dLinear.toArray(), numericGradient(linear, value))).toBeLessThan(1e-8);
  });

  test.for(Object.entries(WASM_ENGINES))('kernels agree (%s), also in place', ([, engine]) => {
    expectAgreement(engine, SIZES.primes!, (kit) => {
      const make = (): ReturnType<Kit['matrix']> => kit.matrix(11, 13);
      const [pre, linear, plain, gatedPost, dPost, dPre, dGated, dLinear] = Array.from({ length: 8 }, make);
      const bias = kit.vector(13);
      kit.ops.activate(kind, pre!, null, plain!);
      kit.ops.activate(kind, pre!, { linear: linear!, bias }, gatedPost!);
      kit.ops.activateBackward(kind, {
        pre: pre!,
        dPost: dPost!,
        dPre: dGated!,
        gate: { linear: linear!, dLinear: dLinear! },
      });
      kit.ops.activateBackward(kind, { pre: pre!, dPost: dPost!, dPre: dPre!, gate: null });
      kit.ops.activateBackward(kind, { pre: pre!, dPost: dPost!, dPre: dPost!, gate: null });
      return { plain: plain!, gatedPost: gatedPost!, dPre: dPre!, dGated: dGated!, dLinear: dLinear!, inPlace: dPost! };
    });
  });

  test.for(Object.entries(WASM_ENGINES))('each number within float32 from −100 to 100 (%s)', ([, engine]) => {
    const kit = new Kit(engine, SIZES.primes!);
    const inputs = Array.from({ length: 4001 }, (_, i) => Math.fround(((i - 2000) / 2000) ** 3 * 100));
    const [pre, post, dPost, dPre] = [1, 2, 3, 4].map(() => kit.matrix(1, inputs.length));
    pre!.set(inputs);
    dPost!.set(inputs.map(() => 1));
    kit.ops.activate(kind, pre!, null, post!);
    kit.ops.activateBackward(kind, { pre: pre!, dPost: dPost!, dPre: dPre!, gate: null });
    const { value, slope } = DEFINITIONS[kind];
    inputs.forEach((x, i) => {
      expect(Math.abs(post!.data[i]! - value(x)), `${kind}(${x})`).toBeLessThan(3e-7 * Math.max(1, Math.abs(x)));
      expect(Math.abs(dPre!.data[i]! - slope(x)), `slope of ${kind} at ${x}`).toBeLessThan(1e-6);
    });
  });
});
