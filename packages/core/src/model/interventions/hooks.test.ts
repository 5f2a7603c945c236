// Hooks: how they are named, what they see, what they may change, and how a wrong name is answered.
import { describe, expect, test } from 'vitest';
import { distance } from '../../../test/support/golden.ts';
import { WASM_ENGINES } from '../../../test/support/kit.ts';
import { randomModel, randomTokens } from '../../../test/support/models.ts';
import { referenceEngine } from '../../engine/engine.ts';
import { hookPoints } from '../hookPoints.ts';
import { selectHookPoints } from '../hookSelection.ts';
import type { Hook } from '../model.ts';

const options = { nLayers: 2, nHeads: 3, dModel: 11, dHead: 5, nCtx: 17, dVocab: 13 };
const tokens = randomTokens({ sequences: 2, length: 7 }, 13);
const reference = randomModel(referenceEngine, options);
const { config } = reference;
const fillWith = (value: number): Hook => {
  return (activation) => {
    activation.data.fill(value);
  };
};

describe('a name of a hook point', () => {
  test('that the model has not is answered with the nearest ones', () => {
    const wrong = 'blocks.1.attn.hook_patern';
    const nearest = 'the nearest are "blocks.1.attn.hook_pattern", "blocks.0.attn.hook_pattern"';
    const message = new RegExp(`this model has no hook point "${wrong}"; ${nearest}`.replaceAll('.', '\\.'));
    expect(() => reference.runWithHooks(tokens, [[wrong, () => {}]])).toThrow(message);
    expect(() => reference.runWithCache(tokens, { names: wrong })).toThrow(message);
    expect(() => reference.runWithInterventions(tokens, [], { names: [wrong] })).toThrow(message);
    expect(() => reference.runWithGradients(tokens, { names: wrong })).toThrow(message);
    for (const absent of ['blocks.2.attn.hook_z', 'blocks.*.mlp.hook_post', 'blocks.0.attn.hook_rot_q', ''])
      expect(() => reference.runWithHooks(tokens, [[absent, () => {}]])).toThrow(`no hook point "${absent}"`);
  });

  test('may be a glob, several names, or a predicate; selections come in forward order', () => {
    const select = (selection: Parameters<typeof selectHookPoints>[1]): string[] =>
      selectHookPoints(config, selection, 'test');
    expect(select('blocks.?.attn.hook_z')).toEqual(['blocks.0.attn.hook_z', 'blocks.1.attn.hook_z']);
    expect(select(['blocks.1.*_out', 'hook_embed'])).toEqual(['hook_embed', 'blocks.1.hook_attn_out']);
    expect(select((name) => name.endsWith('hook_scale'))).toEqual([
      'blocks.0.ln1.hook_scale',
      'blocks.1.ln1.hook_scale',
      'ln_final.hook_scale',
    ]);
    expect(select('*')).toEqual(hookPoints(config, { onRequest: false }));
    expect(select('**')).toEqual(hookPoints(config, { onRequest: true }));
    expect(select('*hook_result')).toEqual(['blocks.0.attn.hook_result', 'blocks.1.attn.hook_result']);
    expect(() => select('blocks.0.attn.hook.z')).toThrow('no hook point'); // a dot is a dot
  });
});

describe('a hook', () => {
  test('sees the axes of TransformerLens, and the cache’s values', () => {
    const { cache } = reference.runWithCache(tokens, { names: '**' });
    const shapes: Record<string, readonly number[]> = {};
    const names = [
      'hook_embed',
      'blocks.0.ln1.hook_scale',
      'blocks.1.attn.hook_q',
      'blocks.1.attn.hook_pattern',
      'blocks.0.attn.hook_result',
    ];
    reference.runWithHooks(tokens, [
      [
        names,
        ({ name, shape, data }) => {
          shapes[name] = shape;
          expect(distance(data, cache.get(name).data)).toBeLessThan(1e-12);
        },
      ],
    ]);
    expect(shapes).toEqual({
      hook_embed: [2, 7, 11],
      'blocks.0.ln1.hook_scale': [2, 7, 1],
      'blocks.1.attn.hook_q': [2, 7, 3, 5],
      'blocks.1.attn.hook_pattern': [2, 3, 7, 7],
      'blocks.0.attn.hook_result': [2, 7, 3, 11],
    });
  });

  test('runs in the order given, may replace its data, and acts in this run only', () => {
    const [plain, order] = [reference.run(tokens).logits, [] as number[]];
    const double: Hook = (activation) => {
      order.push(activation.data[0]!);
      activation.data = activation.data.map((x) => 2 * x);
    };
    const hooked = reference.runWithHooks(tokens, [
      ['hook_embed', fillWith(3)],
      ['hook_embed', double],
      ['hook_embed', double],
    ]);
    expect(order).toEqual([3, 6]);
    const twelve = reference.runWithHooks(tokens, [['hook_embed', fillWith(12)]]);
    expect(hooked.logits).toEqual(twelve.logits);
    expect(reference.run(tokens).logits).toEqual(plain);
  });

  test('that leaves a wrong number of values is told the shape', () => {
    const shorten: Hook = (activation) => {
      activation.data = activation.data.subarray(1);
    };
    const message = 'runWithHooks: the hook at hook_embed left 153 numbers, its shape [2,7,11] needs 154.';
    expect(() => reference.runWithHooks(tokens, [['hook_embed', shorten]])).toThrow(message);
  });

  test('on a head’s input next to one on its LayerNorm is refused', () => {
    const both = ['blocks.0.hook_q_input', 'blocks.1.ln1.hook_scale'];
    expect(() => reference.runWithHooks(tokens, [[both, () => {}]])).toThrow(/"blocks.1.ln1.hook_scale" has no effect/);
  });
});

describe.for(Object.entries(WASM_ENGINES))('on %s, as in the reference,', ([, engine]) => {
  const model = randomModel(engine, options);

  test.for(hookPoints(config, { onRequest: true }))('a hook that changes %s takes effect', (name) => {
    const change: Hook = (activation) => {
      activation.data.forEach((x, i) => {
        // Future keys have a share of exactly 0, and keep it: what a hook writes there is another test's business.
        if (x !== 0) activation.data[i] = 0.5 * x + 0.3 + (i % 5) / 10;
      });
    };
    const want = reference.runWithHooks(tokens, [[name, change]]).logits;
    expect(distance(model.runWithHooks(tokens, [[name, change]]).logits, want)).toBeLessThan(1e-5);
    expect(distance(want, reference.run(tokens).logits)).toBeGreaterThan(1e-3);
  });

  test.for([
    { name: 'blocks.0.attn.hook_attn_scores', value: 0 },
    { name: 'blocks.0.attn.hook_pattern', value: 0.1 },
  ])('a hook that fills all of $name does not make future keys visible', ({ name, value }) => {
    const hooks = [[name, fillWith(value)]] as const;
    const want = reference.runWithHooks(tokens, hooks).logits;
    expect(distance(model.runWithHooks(tokens, hooks).logits, want)).toBeLessThan(1e-5);
  });
});
