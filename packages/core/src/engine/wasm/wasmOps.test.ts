// Every kernel against the float64 loops on the same inputs, on every build. What is compared includes the padding, which
// must stay exactly zero: the next operation reads it. Attention's kernels are in wasmAttention.test.ts.
import { describe, expect, test } from 'vitest';
import { distance } from '../../../test/support/golden.ts';
import { expectAgreement, Kit, SIZES, type Sizes, WASM_ENGINES } from '../../../test/support/kit.ts';
import { type Engine, referenceEngine } from '../engine.ts';
import { type Floats, padded } from '../tensor.ts';

/** 106 rows, so that every product exceeds 8192 floats of B and is packed, weight gradients included. */
const PACKED: Sizes = { sequences: 2, length: 53, nHeads: 5, dHead: 23, dModel: 131, dVocab: 97, attnScale: 1.7 };
/** B = 8192 floats exactly, the largest product that is not packed. */
const UNPACKED: Sizes = { sequences: 2, length: 64, nHeads: 2, dHead: 32, dModel: 128, dVocab: 64, attnScale: 1.7 };
/** Several slabs of B, or blocks of its transpose on both axes, the last ones with an odd number of rows and half a panel. */
const LARGE: Sizes = { sequences: 1, length: 13, nHeads: 1, dHead: 3, dModel: 613, dVocab: 211, attnScale: 1.7 };
/** Wider than a slab, by a panel and a half; and so few rows that all are one tile's. */
const WIDE: Sizes = { sequences: 1, length: 5, nHeads: 1, dHead: 3, dModel: 67, dVocab: 1546, attnScale: 1.7 };
/** Rounding of float32 sums of about a hundred terms, relative to the whole. */
const SUMS = 1e-6;

const engines = Object.entries(WASM_ENGINES);
const cases = engines.flatMap(([label, engine]) =>
  Object.entries({ ...SIZES, packed: PACKED, 'not quite packed': UNPACKED, large: LARGE, wide: WIDE }).map(
    ([name, sizes]) => ({
      label,
      engine,
      name,
      sizes,
    }),
  ),
);
const rowsOf = ({ sequences, length }: Sizes): number => sequences * length;

describe.for(cases)('$label, $name', ({ engine, sizes }) => {
  const { dModel, dVocab, nHeads, dHead } = sizes;
  const agree = (steps: Parameters<typeof expectAgreement>[2]): void => expectAgreement(engine, sizes, steps, SUMS);

  test('add, also into one of its terms; scale', () =>
    agree((kit) => {
      const [a, b, sum, scaled] = [kit.stream(dModel), kit.stream(dModel), kit.stream(dModel), kit.heads()];
      kit.ops.add(a, b, sum);
      kit.ops.add(a, b, b);
      kit.ops.scale(scaled, -0.3);
      return { sum, inPlace: b, scaled };
    }));

  test('gatherRows; scatterAddRows with repeated rows', () =>
    agree((kit) => {
      const [table, out, grad] = [kit.matrix(dVocab, dModel), kit.stream(dModel), kit.stream(dModel)];
      const index = kit.indices(rowsOf(sizes), Math.ceil(dVocab / 2));
      kit.ops.gatherRows(table, index, out);
      kit.ops.scatterAddRows(grad, index, table);
      return { out, table };
    }));

  test('linear with a bias and without; addColumnSums; transpose', () =>
    agree((kit) => {
      const [x, w, bias] = [kit.stream(dModel), kit.matrix(dModel, dVocab), kit.vector(dVocab)];
      const [biased, plain, sums] = [kit.stream(dVocab), kit.stream(dVocab), kit.vector(dVocab)];
      kit.ops.linear(x, w, bias, biased);
      kit.ops.linear(x, w, null, plain);
      kit.ops.addColumnSums(plain, sums);
      const wTransposed = kit.matrix(padded(dVocab), dModel);
      kit.ops.transpose(w, wTransposed);
      return { biased, plain, sums, wTransposed };
    }));

  test('linearTransposed with a bias and without: the bits of linear', () =>
    agree((kit) => {
      const [x, wTransposed, bias] = [kit.stream(dModel), kit.matrix(dVocab, dModel), kit.vector(dVocab)];
      const [biased, plain, usual] = [kit.stream(dVocab), kit.stream(dVocab), kit.stream(dVocab)];
      kit.ops.linearTransposed(x, wTransposed, bias, biased);
      kit.ops.linearTransposed(x, wTransposed, null, plain);
      const w = kit.matrix(dModel, dVocab);
      const table = wTransposed.toArray();
      w.set(
        Float64Array.from(
          { length: dModel * dVocab },
          (_, i) => table[(i % dVocab) * dModel + Math.floor(i / dVocab)]!,
        ),
      );
      kit.ops.linear(x, w, bias, usual);
      expect(Array.from(biased.toArray())).toEqual(Array.from(usual.toArray()));
      return { biased, plain };
    }));

  test('linearBackwardInput from nothing, from another gradient, and into its own; linearBackwardWeight adds', () =>
    agree((kit) => {
      const [dy, wTransposed] = [kit.stream(dVocab), kit.matrix(dVocab, dModel)];
      const [fresh, init, added, inPlace] = [1, 2, 3, 4].map(() => kit.stream(dModel));
      kit.ops.linearBackwardInput(dy, wTransposed, null, fresh!);
      kit.ops.linearBackwardInput(dy, wTransposed, init!, added!);
      kit.ops.linearBackwardInput(dy, wTransposed, inPlace!, inPlace!);
      const dw = kit.matrix(dModel, dVocab);
      kit.ops.linearBackwardWeight(init!, dy, dw);
      return { fresh: fresh!, added: added!, inPlace: inPlace!, dw };
    }));

  test('the three products on some columns and rows of wider matrices leave the others alone', () =>
    agree((kit) => {
      const c = padded(dHead);
      const [x, y, dx] = [kit.stream(dModel), kit.heads(), kit.stream(dModel)];
      const [w, bias, dw] = [kit.matrix(dModel, nHeads * c), kit.vector(nHeads * c), kit.matrix(dModel, nHeads * c)];
      const [wTransposed, wO, result] = [
        kit.matrix(nHeads * c, dModel),
        kit.matrix(nHeads * c, dModel),
        kit.stream(dModel),
      ];
      for (const tensor of [w, bias, dw]) blankPadding(tensor, dHead);
      for (let head = 0; head < nHeads; head += 2) {
        const columns = [head * c, c] as const;
        kit.ops.linear(x, w.columns(...columns), bias.columns(...columns), y.columns(...columns));
        kit.ops.linear(y.columns(...columns), wO.rowRange(...columns), null, result);
        kit.ops.linearBackwardInput(y.columns(...columns), wTransposed.rowRange(...columns), dx, dx);
        kit.ops.linearBackwardWeight(x, y.columns(...columns), dw.columns(...columns));
      }
      return { y, dx, dw, result };
    }));

  test('layerNorm; layerNormApply with a scale that a hook has changed', () =>
    agree((kit) => {
      const [x, gain, bias] = [kit.stream(dModel), kit.vector(dModel), kit.vector(dModel)];
      const [stats, normalized, applied] = [kit.moments(), kit.stream(dModel), kit.stream(dModel)];
      x.set(x.toArray().map((value) => Math.fround(value + 3))); // a mean that would show in the padding
      kit.ops.layerNorm({ x, gain, bias, stats, normalized, eps: 0.01 });
      const changed = kit.moments();
      changed.set(changed.toArray().map((value) => Math.abs(value) + 0.5));
      kit.ops.layerNormApply({ x, gain, bias, stats: changed, normalized: applied });
      return { stats, normalized, applied };
    }));

  test('layerNormBackward from nothing, from another gradient, and into its own; the scale’s own gradient', () =>
    agree((kit) => {
      const [x, gain, dNormalized] = [kit.stream(dModel), kit.vector(dModel), kit.stream(dModel)];
      const [stats, dStats, bias] = [kit.moments(), kit.moments(), kit.vector(dModel)];
      const [dGain, dBias] = [kit.vector(dModel), kit.vector(dModel)];
      const [fresh, init, added, inPlace] = [1, 2, 3, 4].map(() => kit.stream(dModel));
      kit.ops.layerNorm({ x, gain, bias, stats, normalized: fresh!, eps: 0.01 });
      const backward = (from: typeof x | null, to: typeof x): void =>
        kit.ops.layerNormBackward({ x, gain, stats, dNormalized, init: from, dx: to, dGain, dBias, dStats });
      backward(null, fresh!);
      backward(init!, added!);
      backward(inPlace!, inPlace!);
      return { fresh: fresh!, added: added!, inPlace: inPlace!, dGain, dBias, dStats };
    }));

  test('crossEntropy of all kinds of target, and of logits that are far apart', () =>
    agree((kit) => {
      const targets = kit.integers(
        Array.from({ length: rowsOf(sizes) }, (_, i) => [i % dVocab, -1, -2 - (i % dVocab)][i % 3]!),
      );
      const outputs = [1, 30, 1e4].map((spread) => {
        const [logits, losses, dLogits] = [kit.stream(dVocab), kit.perPosition(), kit.stream(dVocab)];
        logits.set(logits.toArray().map((x) => Math.fround(spread * x)));
        kit.ops.crossEntropy(logits, targets, losses, dLogits, 1 / 7);
        return { [`losses ${spread}`]: losses, [`dLogits ${spread}`]: dLogits };
      });
      return Object.assign({}, ...outputs);
    }));
});

test.for(engines)('%s: losses of large vocabularies are precise next to zero, too', ([, engine]) => {
  const sizes: Sizes = { sequences: 1, length: 4, nHeads: 1, dHead: 1, dModel: 1, dVocab: 4099, attnScale: 1 };
  const [want, got] = [referenceEngine, engine].map((on) => {
    const kit = new Kit(on, sizes);
    const logits = kit.stream(sizes.dVocab);
    const values = logits.toArray();
    // The target of three rows far above the others, whose probabilities come to 1e-2, 1e-4 and 1e-6 in all; then one of them.
    for (const [row, height] of [14, 18.5, 23].entries()) values[row * sizes.dVocab] = height;
    logits.set(values);
    const targets = kit.integers([0, 0, 0, 4098]);
    const [losses, beside, dLogits] = [kit.perPosition(), kit.perPosition(), kit.stream(sizes.dVocab)];
    kit.ops.crossEntropy(logits, targets, losses, null, 1);
    kit.ops.crossEntropy(logits, targets, beside, dLogits, 1);
    expect(beside.toArray()).toEqual(losses.toArray());
    logits.data[5] = Number.NaN;
    kit.ops.crossEntropy(logits, targets, beside, null, 1);
    expect([...beside.toArray()].map(Number.isNaN)).toEqual([true, false, false, false]);
    return losses.toArray();
  });
  expect(want![0]).toBeLessThan(0.05);
  expect(want![2]).toBeLessThan(1e-5);
  want!.forEach((loss, i) => void expect(Math.abs(got![i]! / loss - 1)).toBeLessThan(2e-6));
});

describe.for(engines)('%s: the optimiser', ([, engine]) => {
  const [FLOATS, FROM, TO] = [44, 8, 36];

  /** `count` buffers of random floats on both engines; `steps` returns numbers to compare. */
  const agree = (
    steps: (kit: Kit, buffers: { address: number; floats: Floats }[]) => number[],
    tolerance: number,
  ): void => {
    const run = (on: Engine): number[] => {
      const kit = new Kit(on, SIZES.primes!);
      const buffers = Array.from({ length: 5 }, () => {
        const address = kit.arena.bytes(FLOATS * kit.arena.floatBytes);
        const floats = kit.arena.floats(address, FLOATS);
        floats.set(kit.normals(FLOATS));
        return { address, floats };
      });
      return steps(kit, buffers);
    };
    expect(distance(run(engine), run(referenceEngine))).toBeLessThan(tolerance);
  };

  test('sumShards adds one to five shards, clears the others, and touches its own range only', () => {
    for (const shards of [1, 2, 5])
      agree(({ optimizer }, buffers) => {
        const before = buffers.map(({ floats }) => floats.slice());
        const stride = buffers[1]!.address - buffers[0]!.address;
        const squares = optimizer.sumShards(FROM, TO, buffers[0]!.address, stride, shards);
        buffers.forEach(({ floats }, shard) => {
          const outside = (x: Floats): Floats[] => [x.subarray(0, FROM), x.subarray(TO)];
          expect(outside(floats)).toEqual(outside(before[shard]!));
          const inside = [...floats.subarray(FROM, TO)];
          if (shard >= shards) expect(inside).toEqual([...before[shard]!.subarray(FROM, TO)]);
          else if (shard > 0) expect(inside.every((x) => x === 0)).toBe(true);
        });
        return [squares, ...buffers[0]!.floats];
      }, SUMS);
  });

  test('sumShards squares in float64: gradients of very different sizes all count', () => {
    const kit = new Kit(engine, SIZES.primes!);
    const address = kit.arena.bytes(4 * 4096);
    kit.arena.floats(address, 4096).fill(1e-4)[0] = 1; // in float32, 1 + 1e-8 is 1
    const tiny = Math.fround(1e-4) ** 2;
    expect(Math.abs(kit.optimizer.sumShards(0, 4096, address, 4 * 4096, 1) - (1 + 4095 * tiny))).toBeLessThan(1e-12);
  });

  const rates = { learningRate: 0.03, beta1: 0.9, beta2: 0.99, epsilon: 1e-8 };
  test.for([
    { gradientScale: 1, weightDecay: 0 },
    { gradientScale: 0.37, weightDecay: 0.5 },
  ])(
    'adamw follows the reference for seven steps with $gradientScale, $weightDecay; gradients are cleared',
    (given) => {
      agree((kit, [p, g, m, v]) => {
        const before = p!.floats.slice();
        for (const { floats } of [m!, v!]) floats.fill(0);
        for (let step = 1; step <= 7; step++) {
          g!.floats.set(kit.normals(FLOATS));
          const corrections = {
            correction1: 1 / (1 - rates.beta1 ** step),
            correction2: 1 / (1 - rates.beta2 ** step),
          };
          const addresses = { parameters: p!.address, gradients: g!.address, m: m!.address, v: v!.address };
          kit.optimizer.adamw(FROM, TO, addresses, { ...rates, ...given, ...corrections });
          expect([...g!.floats.subarray(FROM, TO)].every((x) => x === 0)).toBe(true);
          expect(g!.floats.subarray(TO).every((x) => x !== 0)).toBe(true);
        }
        expect([...p!.floats.subarray(0, FROM), ...p!.floats.subarray(TO)]).toEqual([
          ...before.subarray(0, FROM),
          ...before.subarray(TO),
        ]);
        return [...p!.floats, ...m!.floats, ...v!.floats];
      }, SUMS);
    },
  );

  test('adamw leaves a parameter of zero whose gradient is zero at zero, so that padding stays', () => {
    const kit = new Kit(engine, SIZES.primes!);
    const [parameters, gradients, m, v] = [1, 2, 3, 4].map(() => kit.arena.bytes(32)) as [
      number,
      number,
      number,
      number,
    ];
    const step = { ...rates, weightDecay: 0.5, gradientScale: 1, correction1: 10, correction2: 100 };
    kit.optimizer.adamw(0, 8, { parameters, gradients, m, v }, step);
    expect([...kit.arena.floats(parameters, 8)]).toEqual(new Array(8).fill(0));
  });
});

test('a memory that is not shared gives the same bits as a shared one', () => {
  const product = (engine: Engine): Floats => {
    const kit = new Kit(engine, PACKED);
    const [x, w, y] = [kit.stream(131), kit.matrix(131, 97), kit.stream(97)];
    kit.ops.linear(x, w, null, y);
    return y.toArray();
  };
  expect(product(WASM_ENGINES['memory not shared']!)).toEqual(product(WASM_ENGINES['fastest build']!));
});

/** Zeroes what is padding when a row is read as heads of padded(dHead) floats. */
function blankPadding(tensor: { readonly data: Floats }, dHead: number): void {
  for (let i = 0; i < tensor.data.length; i++) if (i % padded(dHead) >= dHead) tensor.data[i] = 0;
}
