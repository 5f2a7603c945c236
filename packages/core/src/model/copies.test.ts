// What is there on request or by name alone: the copies that attention and MLPs read, and the norm of queries and keys, with the
// names, the order and the meaning that TransformerLens gives them.
import { describe, expect, test } from 'vitest';
import { distance } from '../../test/support/golden.ts';
import { FAMILY_OPTIONS, randomModel, randomTokens } from '../../test/support/models.ts';
import { WeightCircuits } from '../circuits/weights/weightCircuits.ts';
import { referenceEngine } from '../engine/engine.ts';
import type { ModelOptions } from './config.ts';
import { decodeCheckpoint, encodeCheckpoint } from './formats/checkpoint.ts';
import { hookPoints } from './hookPoints.ts';
import type { Model } from './model.ts';

const SIZES = { nLayers: 2, nHeads: 3, dModel: 7, dHead: 4, nCtx: 9, dVocab: 5 };
const tokens = randomTokens({ sequences: 2, length: 6 }, SIZES.dVocab);
const family = (label: string): ModelOptions => ({
  ...SIZES,
  ...FAMILY_OPTIONS.find((one) => one.label === label)!.options,
});

/** Central differences of the mean loss by some entries of an activation. */
function differences(model: Model, hook: string, indices: readonly number[]): number[] {
  const loss = (index: number, change: number): number => {
    const { lossPerPosition } = model.runWithHooks(tokens, [
      [
        hook,
        ({ data }) => {
          data[index]! += change;
        },
      ],
    ]);
    return lossPerPosition.reduce((sum, x) => sum + x, 0) / lossPerPosition.length;
  };
  return indices.map((i) => (loss(i, 1e-4) - loss(i, -1e-4)) / 2e-4);
}

const largest = (data: ArrayLike<number>, count: number): number[] =>
  Array.from(data, (x, i) => [Math.abs(x), i] as const)
    .sort((a, b) => b[0] - a[0])
    .slice(0, count)
    .map(([, i]) => i);

describe.for(['like GPT-2', 'like GPT-J', 'like Qwen 3'])('%s', (label) => {
  const model = randomModel(referenceEngine, family(label));
  const parallel = model.config.parallelAttnMlp === true;
  const plain = model.run(tokens).logits;

  test('hook_attn_in and hook_mlp_in are copies of the stream, there when they are named', () => {
    const names = ['*.hook_attn_in', '*.hook_mlp_in', '*.hook_resid_pre', '*.hook_k_input'];
    if (!parallel) names.push('*.hook_resid_mid');
    const { cache, logits } = model.runWithCache(tokens, { names });
    expect(distance(logits, plain)).toBeLessThan(1e-13);
    const before = cache.get('blocks.1.hook_resid_pre').data;
    const spread = Array.from({ length: before.length * 3 }, (_, i) => before[Math.floor(i / 21) * 7 + (i % 7)]!);
    for (const copy of ['attn_in', 'k_input'])
      expect(cache.get(`blocks.1.hook_${copy}`)).toMatchObject({
        axes: ['batch', 'pos', 'head', 'dModel'],
        shape: [2, 6, 3, 7],
        data: Float64Array.from(spread),
      });
    const read = parallel ? before : cache.get('blocks.1.hook_resid_mid').data;
    expect(cache.get('blocks.1.hook_mlp_in').data).toEqual(read);
    expect(model.runWithCache(tokens).cache.names.filter((name) => /attn_in|mlp_in/.test(name))).toEqual([]);
  });

  test('what is changed there stays with its reader', () => {
    const out = (hook: string, part: string): boolean => {
      const names = [`blocks.1.${part}`];
      const changed = model.runWithInterventions(tokens, [{ kind: 'zeroAblate', hook }], { names });
      const before = model.runWithCache(tokens, { names }).cache.get(names[0]!).data;
      return distance(changed.cache.get(names[0]!).data, before) > 1e-9;
    };
    expect(out('blocks.1.hook_mlp_in', 'hook_mlp_out')).toBe(true);
    expect(out('blocks.1.hook_mlp_in', 'hook_attn_out')).toBe(false);
    expect(out('blocks.1.hook_attn_in', 'hook_attn_out')).toBe(true);
    const stream = model.runWithInterventions(tokens, [{ kind: 'zeroAblate', hook: 'blocks.1.hook_mlp_in' }], {
      names: ['blocks.1.hook_resid_pre', 'blocks.1.hook_resid_post', 'blocks.1.hook_attn_out', 'blocks.1.hook_mlp_out'],
    }).cache;
    const [pre, attn, mlp] = ['hook_resid_pre', 'hook_attn_out', 'hook_mlp_out'].map(
      (n) => stream.get(`blocks.1.${n}`).data,
    );
    const sum = Array.from(pre!, (x, i) => x + attn![i]! + mlp![i]!);
    expect(distance(stream.get('blocks.1.hook_resid_post').data, sum)).toBeLessThan(1e-12);
  });

  test('their gradients are finite differences, and what is read together is the sum of what is read apart', () => {
    const names = ['blocks.1.hook_attn_in', 'blocks.1.hook_mlp_in', 'blocks.1.hook_?_input', 'blocks.0.hook_mlp_in'];
    const { activationGradients, gradients } = model.runWithGradients(tokens, { names });
    for (const name of ['blocks.1.hook_attn_in', 'blocks.1.hook_mlp_in', 'blocks.0.hook_mlp_in']) {
      const { data } = activationGradients.get(name);
      const some = largest(data, 4);
      differences(model, name, some).forEach((slope, i) => void expect(data[some[i]!]).toBeCloseTo(slope, 5));
    }
    const [q, k, v] = ['q', 'k', 'v'].map((part) => activationGradients.get(`blocks.1.hook_${part}_input`).data);
    const together = activationGradients.get('blocks.1.hook_attn_in').data;
    expect(
      distance(
        together,
        Array.from(q!, (x, i) => x + k![i]! + v![i]!),
      ),
    ).toBeLessThan(1e-12);
    const usual = model.runWithGradients(tokens).gradients;
    for (const [name, { data }] of Object.entries(usual))
      expect(Math.max(...Array.from(data, (x, i) => Math.abs(x - gradients[name]!.data[i]!))), name).toBeLessThan(
        1e-12,
      );
  });
});

describe('the norm of queries and keys', () => {
  const model = randomModel(referenceEngine, family('like Qwen 3'));
  const gains = {
    q: model.getWeights()['blocks.0.attn.q_norm.w']!.data,
    k: model.getWeights()['blocks.0.attn.k_norm.w']!.data,
  };

  test('stands between hook_v and the rotation, under TransformerLens’s names', () => {
    const names = hookPoints(model.config, { onRequest: false }).filter((name) => name.startsWith('blocks.0.attn.'));
    expect(names.map((name) => name.slice('blocks.0.attn.'.length)).slice(0, 9)).toEqual([
      ...['hook_q', 'hook_k', 'hook_v', 'q_norm.hook_scale', 'q_norm.hook_normalized'],
      ...['k_norm.hook_scale', 'k_norm.hook_normalized', 'hook_rot_q', 'hook_rot_k'],
    ]);
  });

  test('divides each head by its root mean square; keys are as many as are shared', () => {
    const { cache } = model.runWithCache(tokens, { names: 'blocks.0.attn.*' });
    for (const part of ['q', 'k'] as const) {
      const { data, shape } = cache.get(`blocks.0.attn.hook_${part}`);
      const scale = cache.get(`blocks.0.attn.${part}_norm.hook_scale`);
      const unit = cache.get(`blocks.0.attn.${part}_norm.hook_normalized`);
      expect(scale.shape).toEqual([2, 6, part === 'q' ? 3 : 1, 1]);
      expect(unit.shape).toEqual(shape);
      const roots = Array.from(scale.data, (_, row) =>
        Math.sqrt(data.subarray(4 * row, 4 * row + 4).reduce((sum, x) => sum + x * x, 0) / 4 + model.config.eps),
      );
      expect(distance(scale.data, roots)).toBeLessThan(1e-13);
      expect(
        distance(
          unit.data,
          Array.from(data, (x, i) => x / roots[Math.floor(i / 4)]!),
        ),
      ).toBeLessThan(1e-13);
    }
    // At position 0 nothing turns.
    const [unit, turned] = [cache.get('blocks.0.attn.q_norm.hook_normalized'), cache.get('blocks.0.attn.hook_rot_q')];
    for (let c = 0; c < 4; c++) expect(turned.at(0, 0, 1, c)).toBeCloseTo(unit.at(0, 0, 1, c) * gains.q[c]!, 12);
  });

  test('takes interventions and gives gradients inside, with inputs of their own for heads too', () => {
    for (const hook of [
      'blocks.1.attn.q_norm.hook_scale',
      'blocks.1.attn.k_norm.hook_normalized',
      'blocks.1.attn.hook_k',
    ]) {
      const { data } = model.runWithGradients(tokens, { names: hook }).activationGradients.get(hook);
      const some = largest(data, 3);
      differences(model, hook, some).forEach((slope, i) => void expect(data[some[i]!]).toBeCloseTo(slope, 5));
    }
    const frozen = model.runWithInterventions(tokens, [
      { kind: 'patch', hook: 'blocks.1.attn.q_norm.hook_scale', head: 2 },
    ]);
    expect(distance(frozen.logits, model.run(tokens).logits)).toBeLessThan(1e-13);
    const split = model.runWithCache(tokens, { names: ['*_input', '*.k_norm.hook_scale'] });
    expect(distance(split.logits, model.run(tokens).logits)).toBeLessThan(1e-12);
    expect(split.cache.get('blocks.0.attn.k_norm.hook_scale').shape).toEqual([2, 6, 3, 1]);
  });

  test('is kept by a checkpoint, and its gains are folded into the QK circuit', () => {
    const { config, weights } = decodeCheckpoint(encodeCheckpoint(model.config, model.getWeights()), 'a.safetensors');
    expect(config).toEqual(model.config);
    expect(weights['blocks.1.attn.k_norm.w']!.shape).toEqual([4]);
    const twice = Object.fromEntries(
      Object.entries(model.getWeights()).map(([name, { shape, data }]) => [
        name,
        { shape, data: name.endsWith('q_norm.w') ? Array.from(data, (x) => 2 * x) : data },
      ]),
    );
    const [one, two] = [model.getWeights(), twice].map((w) => new WeightCircuits(model.config, w));
    const head = { layer: 1, head: 1 };
    expect(two!.QK(head).norm()).toBeCloseTo(2 * one!.QK(head).norm(), 10);
    expect(two!.OV(head).norm()).toBe(one!.OV(head).norm());
  });
});
