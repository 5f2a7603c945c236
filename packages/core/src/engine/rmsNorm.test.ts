// RMSNorm, which is LayerNorm about 0: values on paper, gradients by finite differences, and kernels against the reference.
import { expect, test } from 'vitest';
import { distance } from '../../test/support/golden.ts';
import { dot, expectAgreement, numericGradient, referenceKit, SIZES, WASM_ENGINES } from '../../test/support/kit.ts';

test('divides by the root of the mean square plus eps', () => {
  const kit = referenceKit({ sequences: 1, length: 1, dModel: 3 });
  const [x, normalized] = [kit.stream(3), kit.stream(3)];
  const [gain, bias, stats] = [kit.vector(3), kit.vector(3), kit.moments()];
  x.set([1, 2, 4]);
  gain.set([1, 10, 100]);
  bias.set([0, 0, 5]);
  kit.ops.layerNorm({ x, gain, bias, stats, normalized, eps: 2, centred: false }); // 21 / 3 + 2 = 9
  expect([...stats.toArray()]).toEqual([3, 0]);
  expect(distance(normalized.toArray(), [1 / 3, 20 / 3, 400 / 3 + 5])).toBeLessThan(1e-15);
});

test('gradients of the input, the gain and the bias are the slopes of the value', () => {
  const kit = referenceKit();
  const { ops } = kit;
  const { dModel } = kit.sizes;
  const [x, normalized, weight, dx] = [1, 2, 3, 4].map(() => kit.stream(dModel));
  const [gain, bias, stats, dStats] = [kit.vector(dModel), kit.vector(dModel), kit.moments(), kit.moments()];
  const [dGain, dBias] = [kit.vector(dModel), kit.vector(dModel)];
  for (const sum of [dGain, dBias]) sum.set(new Float64Array(dModel));
  const value = (): number => {
    ops.layerNorm({ x: x!, gain, bias, stats, normalized: normalized!, eps: 0.01, centred: false });
    return dot(normalized!, weight!);
  };
  const want = [x!, gain, bias].map((tensor) => numericGradient(tensor, value));
  value();
  const gradient = { x: x!, gain, stats, dNormalized: weight!, init: null, dx: dx!, dGain, dBias, dStats };
  ops.layerNormBackward({ ...gradient, centred: false });
  [dx!, dGain, dBias].forEach((got, i) => {
    expect(distance(got.toArray(), want[i]!)).toBeLessThan(1e-8);
  });
});

test.for(Object.entries(WASM_ENGINES))('kernels agree (%s)', ([, engine]) => {
  for (const sizes of Object.values(SIZES))
    expectAgreement(engine, sizes, (kit) => {
      const { dModel } = kit.sizes;
      const [x, normalized, dNormalized, init, dx] = [1, 2, 3, 4, 5].map(() => kit.stream(dModel));
      const [gain, bias, stats, dStats] = [kit.vector(dModel), kit.vector(dModel), kit.moments(), kit.moments()];
      const [dGain, dBias] = [kit.vector(dModel), kit.vector(dModel)];
      kit.ops.layerNorm({ x: x!, gain, bias, stats, normalized: normalized!, eps: 0.01, centred: false });
      const gradient = { x: x!, gain, stats, dNormalized: dNormalized!, init: init!, dx: dx!, dGain, dBias, dStats };
      kit.ops.layerNormBackward({ ...gradient, centred: false });
      return { normalized: normalized!, stats, dx: dx!, dGain, dBias, dStats };
    });
});
