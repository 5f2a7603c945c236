// What holds for every model whatsoever: sizes, kind and weights are drawn by fast-check, sizes of 1 among them.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { distance } from '../../test/support/golden.ts';
import { WASM_ENGINES } from '../../test/support/kit.ts';
import { randomModel, randomTokens } from '../../test/support/models.ts';
import { referenceEngine } from '../engine/engine.ts';
import { type ModelConfig, POSITIONS } from './config.ts';
import { hookPoint, hookPoints } from './hookPoints.ts';
import type { Hook, Model } from './model.ts';

const engines = [['reference', referenceEngine] as const, ...Object.entries(WASM_ENGINES)];
const RUNS = { numRuns: 25, seed: 7 };
/** Rounding in float32 when the same numbers are added in another order, through three layers. */
const ROUNDING = 2e-6;

const size = (max: number) => fc.integer({ min: 1, max });
const drawn = fc
  .record({
    nLayers: size(3),
    nHeads: size(5),
    dModel: size(13),
    dHead: fc.integer({ min: 2, max: 9 }), // rotary needs a pair; referenceOps and wasmOps try 1
    nCtx: size(13),
    dVocab: size(17),
    positions: fc.constantFrom(...POSITIONS),
    normalization: fc.constantFrom('LN' as const, null),
    biases: fc.boolean(),
    tied: fc.boolean(),
  })
  .chain((options) =>
    fc.record({
      options: fc.constant<Partial<ModelConfig> & typeof options>(options),
      sequences: size(3),
      length: size(options.nCtx),
      seed: fc.nat(),
    }),
  );

type Drawn = typeof drawn extends fc.Arbitrary<infer T> ? T : never;

describe.for(engines)('on %s', ([, engine]) => {
  /** Checks `holds` for many models, each with tokens for it. */
  const always = (holds: (given: { model: Model; tokens: number[][]; drawn: Drawn }) => void): void =>
    fc.assert(
      fc.property(drawn, (d) => {
        const model = randomModel(engine, d.options, d.seed);
        holds({ model, tokens: randomTokens(d, d.options.dVocab, d.seed), drawn: d });
      }),
      RUNS,
    );

  test('pattern rows sum to 1, and a query gives no attention to future keys', () =>
    always(({ model, tokens, drawn: { length } }) => {
      const { cache } = model.runWithCache(tokens, { names: '*hook_pattern' });
      for (const name of cache.names) {
        const { data, shape } = cache.get(name);
        expect(shape).toEqual([tokens.length, model.config.nHeads, length, length]);
        for (let row = 0; row < data.length / length; row++) {
          const [shares, query] = [[...data.subarray(row * length, (row + 1) * length)], row % length];
          expect(Math.abs(shares.reduce((sum, x) => sum + x, 0) - 1)).toBeLessThan(1e-6);
          expect(shares.every((share, key) => (key > query ? share === 0 : share >= 0))).toBe(true);
        }
      }
    }));

  test('a hook that changes nothing, at every hook point at once, changes nothing', () =>
    always(({ model, tokens }) => {
      const want = model.run(tokens).logits;
      const seen = new Set<string>();
      const look: Hook = ({ name }) => seen.add(name);
      const all = hookPoints(model.config, { onRequest: true });
      // Hooks on heads' own inputs and on LayerNorm exclude each other, so two runs reach every point.
      for (const names of [
        all.filter((name) => hookPoint(model.config, name).role !== 'headInput'),
        all.filter((name) => !name.includes('.ln1.')),
      ])
        expect(distance(model.runWithHooks(tokens, [[names, look]]).logits, want)).toBeLessThan(ROUNDING);
      expect([...seen].sort()).toEqual([...all].sort());
    }));

  test('another token at a position leaves the logits of all earlier positions as they are, to the bit', () =>
    always(({ model, tokens, drawn: { length, seed, options } }) => {
      const at = seed % length;
      const changed = tokens.map((sequence) => sequence.with(at, (sequence[at]! + 1) % options.dVocab));
      const [before, after] = [model.run(tokens).logits, model.run(changed).logits];
      const perSequence = length * options.dVocab;
      tokens.forEach((_, s) => {
        const earlier = [s * perSequence, s * perSequence + at * options.dVocab] as const;
        expect(after.subarray(...earlier)).toEqual(before.subarray(...earlier));
      });
    }));

  test('a sequence alone has the logits and losses that it has inside a batch', () =>
    always(({ model, tokens, drawn: { length, options } }) => {
      const batch = model.run(tokens);
      tokens.forEach((sequence, s) => {
        const alone = model.run([sequence]);
        const part = (values: typeof batch.logits, each: number) => values.subarray(s * each, (s + 1) * each);
        expect(distance(alone.logits, part(batch.logits, length * options.dVocab))).toBeLessThan(ROUNDING);
        const losses = part(batch.lossPerPosition, length - 1);
        // A loss near 0 is a small difference of large numbers: its rounding is absolute.
        alone.lossPerPosition.forEach((loss, i) => {
          expect(Math.abs(loss - losses[i]!)).toBeLessThan(1e-5);
        });
      });
    }));

  test('losses are minus the logarithm of the share of the next token', () =>
    always(({ model, tokens, drawn: { length, options } }) => {
      const { logits, lossPerPosition } = model.run(tokens);
      const { dVocab } = options;
      tokens.forEach((sequence, s) => {
        for (let t = 0; t < length - 1; t++) {
          const row = Float64Array.from(logits.subarray((s * length + t) * dVocab, (s * length + t + 1) * dVocab));
          const total = row.reduce((sum, x) => sum + Math.exp(x), 0);
          const want = Math.log(total) - row[sequence[t + 1]!]!;
          expect(Math.abs(lossPerPosition[s * (length - 1) + t]! - want)).toBeLessThan(1e-5);
        }
      });
    }));
});
