// The kernels on sums of table rows against the float64 loops, and those against finite differences; and numbers that are
// none, which every kernel must pass on: a run that diverges is seen by its loss.
import { describe, expect, test } from 'vitest';
import { distance } from '../../../test/support/golden.ts';
import {
  dot,
  expectAgreement,
  Kit,
  numericGradient,
  referenceKit,
  SIZES,
  SMALL,
  WASM_ENGINES,
} from '../../../test/support/kit.ts';
import type { Scaled } from '../tableOps.ts';
import type { Tensor } from '../tensor.ts';

const engines = Object.entries(WASM_ENGINES);
const cases = engines.flatMap(([label, engine]) =>
  Object.entries(SIZES).map(([name, sizes]) => ({ label, engine, name, sizes })),
);

/** Two tables, what is looked up in them, and a scale and offset. */
function rows(kit: Kit) {
  const { dVocab, dModel, sequences, length } = kit.sizes;
  const [tokens, positions] = [kit.matrix(dVocab, dModel), kit.matrix(length, dModel)];
  const index = kit.indices(sequences * length, dVocab);
  const at = kit.integers(Array.from({ length: sequences * length }, (_, i) => i % length));
  const scaled: Scaled = { stats: kit.moments(), offset: kit.vector(dModel) };
  scaled.stats.set(scaled.stats.toArray().map((x) => Math.abs(x) + 0.5));
  return {
    tokens: { table: tokens, index },
    positions: { table: positions, index: at },
    scaled,
    out: kit.stream(dModel),
  };
}

describe.for(cases)('$label, $name', ({ engine, sizes }) => {
  test('lookUp and back: of one table, of two, and of two with a scale', () =>
    expectAgreement(engine, sizes, (kit) => {
      const outputs: Record<string, Tensor> = {};
      for (const [name, two, withScale] of [
        ['one', false, false],
        ['two', true, false],
        ['scaled', true, true],
      ] as const) {
        const { tokens, positions, scaled, out } = rows(kit);
        kit.ops.lookUp({ tokens, positions: two ? positions : null, scaled: withScale ? scaled : null, out });
        const [dOut, dTokens, dPositions, dStats] = [
          kit.stream(sizes.dModel),
          kit.matrix(sizes.dVocab, sizes.dModel),
          kit.matrix(sizes.length, sizes.dModel),
          kit.moments(),
        ];
        kit.ops.lookUpBackward({
          ...{ dOut, out, scaled: withScale ? { ...scaled, dStats } : null },
          dTokens: { table: dTokens, index: tokens.index },
          dPositions: two ? { table: dPositions, index: positions.index } : null,
        });
        Object.assign(outputs, { [`${name} out`]: out, [`${name} dTokens`]: dTokens });
        Object.assign(outputs, { [`${name} dPositions`]: dPositions, [`${name} dStats`]: dStats });
      }
      return outputs;
    }));

  test('moments, centre, and back; with a gradient of x and without', () =>
    expectAgreement(engine, sizes, (kit) => {
      const { dModel } = sizes;
      const [x, gain, out, stats] = [kit.stream(dModel), kit.vector(dModel), kit.stream(dModel), kit.moments()];
      x.set(x.toArray().map((value) => Math.fround(value + 3))); // a mean that would show in the padding
      kit.ops.moments(x, stats, 0.01);
      kit.ops.centre(x, gain, out);
      const [dStats, dOut, dx, dGain] = [kit.moments(), kit.stream(dModel), kit.stream(dModel), kit.vector(dModel)];
      kit.ops.momentsBackward(x, stats, dStats, dx);
      kit.ops.centreBackward({ x, gain, dOut, dx, dGain });
      kit.ops.centreBackward({ x, gain, dOut, dx: null, dGain });
      return { stats, out, dx, dGain };
    }));

  test('linear on top of a matrix', () =>
    expectAgreement(engine, sizes, (kit) => {
      const [x, w, init] = [kit.stream(sizes.dModel), kit.matrix(sizes.dModel, sizes.dVocab), kit.stream(sizes.dVocab)];
      const out = kit.stream(sizes.dVocab);
      kit.ops.linear(x, w, init, out);
      return { out };
    }));
});

describe('gradients on the reference, by finite differences', () => {
  const TOLERANCE = 1e-8;
  const clear = (...tensors: Tensor[]): void => {
    for (const tensor of tensors) tensor.data.fill(0);
  };

  test('lookUp, by the tables, the scale and the offset', () => {
    const kit = referenceKit();
    const { tokens, positions, scaled, out } = rows(kit);
    const dOut = kit.stream(SMALL.dModel);
    const value = (): number => {
      kit.ops.lookUp({ tokens, positions, scaled, out });
      return dot(out, dOut);
    };
    value();
    const [dTokens, dPositions, dStats] = [
      kit.matrix(SMALL.dVocab, SMALL.dModel),
      kit.matrix(SMALL.length, SMALL.dModel),
      kit.moments(),
    ];
    clear(dTokens, dPositions, dStats);
    kit.ops.lookUpBackward({
      ...{ dOut, out, scaled: { ...scaled, dStats } },
      dTokens: { table: dTokens, index: tokens.index },
      dPositions: { table: dPositions, index: positions.index },
    });
    expect(distance(dTokens.toArray(), numericGradient(tokens.table, value))).toBeLessThan(TOLERANCE);
    expect(distance(dPositions.toArray(), numericGradient(positions.table, value))).toBeLessThan(TOLERANCE);
    expect(distance(dStats.toArray(), numericGradient(scaled.stats, value))).toBeLessThan(TOLERANCE);
  });

  test('the scale of moments, and centre', () => {
    const kit = referenceKit();
    const { dModel } = SMALL;
    const [x, gain, out] = [kit.stream(dModel), kit.vector(dModel), kit.stream(dModel)];
    const [stats, dStats] = [kit.moments(), kit.moments()];
    dStats.set(dStats.toArray().map((d, i) => (i % 2 === 0 ? d : 0))); // the mean is in the tables already
    const scale = (): number => {
      kit.ops.moments(x, stats, 0.01);
      return dot(stats, dStats);
    };
    const [dx, dGain, dOut] = [kit.stream(dModel), kit.vector(dModel), kit.stream(dModel)];
    const want = numericGradient(x, scale);
    scale();
    clear(dx);
    kit.ops.momentsBackward(x, stats, dStats, dx);
    expect(distance(dx.toArray(), want)).toBeLessThan(TOLERANCE);
    const value = (): number => {
      kit.ops.centre(x, gain, out);
      return dot(out, dOut);
    };
    clear(dx, dGain);
    kit.ops.centreBackward({ x, gain, dOut, dx, dGain });
    expect(distance(dx.toArray(), numericGradient(x, value))).toBeLessThan(TOLERANCE);
    expect(distance(dGain.toArray(), numericGradient(gain, value))).toBeLessThan(TOLERANCE);
  });
});

describe.for(engines)('%s passes on what is no number', ([, engine]) => {
  const sizes = SIZES.primes!;
  /** Each place of a row, so that none is lost in a lane. */
  const places = Array.from({ length: sizes.length }, (_, i) => i);

  test.for(places)('in a row of scores and of logits, at place %i', (place) => {
    const kit = new Kit(engine, sizes);
    const scores = kit.square();
    const row = sizes.length * Math.ceil(sizes.length / 4) * 4; // the second head's first row
    const lastQuery = row + (sizes.length - 1) * scores.width;
    scores.data[lastQuery + place] = Number.NaN;
    kit.ops.causalSoftmax(scores);
    const pattern = scores.data.subarray(lastQuery, lastQuery + sizes.length);
    expect([...pattern].every(Number.isNaN)).toBe(true);
    expect([...scores.data.subarray(0, row)].some(Number.isNaN)).toBe(false);

    const [logits, losses, dLogits] = [kit.stream(sizes.dVocab), kit.perPosition(), kit.stream(sizes.dVocab)];
    const targets = kit.integers(Array.from({ length: logits.rows }, (_, i) => i % sizes.dVocab));
    logits.data[place] = Number.NaN;
    kit.ops.crossEntropy(logits, targets, losses, dLogits, 1);
    expect([...losses.toArray()].map(Number.isNaN)).toEqual(Array.from({ length: logits.rows }, (_, i) => i === 0));
    expect([...dLogits.data.subarray(0, sizes.dVocab)].every(Number.isNaN)).toBe(true);
  });

  test.for(places)('in what LayerNorm reads, at place %i', (place) => {
    const kit = new Kit(engine, sizes);
    const { dModel } = sizes;
    const [x, gain, bias, normalized] = [
      kit.stream(dModel),
      kit.vector(dModel),
      kit.vector(dModel),
      kit.stream(dModel),
    ];
    const [stats, moments] = [kit.moments(), kit.moments()];
    x.data[place] = Number.NaN;
    kit.ops.layerNorm({ x, gain, bias, stats, normalized, eps: 0.01 });
    kit.ops.moments(x, moments, 0.01);
    expect([...normalized.data.subarray(0, dModel)].every(Number.isNaN)).toBe(true);
    expect([stats.data[0], stats.data[1], moments.data[0], moments.data[1]]).toEqual(Array(4).fill(Number.NaN));
    expect(stats.data[2]).not.toBeNaN();
  });
});
