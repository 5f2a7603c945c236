// Runs that give back less: what is given back and kept has the bits of a whole run, and what nobody asks for is not computed.
import { describe, expect, test } from 'vitest';
import { WASM_ENGINES } from '../../test/support/kit.ts';
import { FAMILY_OPTIONS, randomModel, randomTokens } from '../../test/support/models.ts';
import { hookPoints } from './hookPoints.ts';
import type { Intervention } from './interventions/interventions.ts';

const SIZES = { nLayers: 2, nHeads: 3, dModel: 11, dHead: 5, nCtx: 13, dVocab: 7 };
const tokens = randomTokens({ sequences: 2, length: 9 }, SIZES.dVocab);
const engine = WASM_ENGINES['fastest build']!;

test.for([{ label: 'attention only', options: {} }, ...FAMILY_OPTIONS])(
  '$label: each hook point alone, with nothing else given back',
  ({ options }) => {
    const model = randomModel(engine, { ...SIZES, ...options });
    const usual = hookPoints(model.config, { onRequest: false });
    const all = model.runWithCache(tokens, { names: usual });
    for (const name of hookPoints(model.config, { onRequest: true })) {
      const whole = usual.includes(name) ? all : model.runWithCache(tokens, { names: [name] });
      const part = model.runWithCache(tokens, { names: [name], returns: 'nothing' });
      expect([...part.cache.get(name).data], name).toEqual([...whole.cache.get(name).data]);
      expect([part.logits.length, part.lossPerPosition.length]).toEqual([0, 0]);
    }
  },
);

describe('what acts and what is taken up', () => {
  const model = randomModel(engine, SIZES);
  const acting: Intervention[] = [{ kind: 'zeroAblate', hook: 'blocks.0.attn.hook_z', head: 1 }];
  const names = ['blocks.1.attn.hook_pattern'];

  test('losses without logits are those of a whole run', () => {
    const whole = model.runWithInterventions(tokens, acting, { names });
    const run = model.runWithInterventions(tokens, acting, { names, returns: 'losses' });
    expect(run.logits).toHaveLength(0);
    expect(run.lossPerPosition).toEqual(whole.lossPerPosition);
    expect(run.cache.get(names[0]!).data).toEqual(whole.cache.get(names[0]!).data);
    expect(model.runWithCache(tokens, { names, returns: 'losses' }).lossPerPosition).toEqual(
      model.run(tokens).lossPerPosition,
    );
  });

  test('repeatedly, also where the first run ends early', () => {
    const again = model.repeatedly(tokens);
    for (let round = 0; round < 2; round++) {
      const first = again([], { names: ['blocks.0.attn.hook_z'], returns: 'nothing' });
      expect(first.cache.get('blocks.0.attn.hook_z').shape).toEqual([2, 9, 3, 5]);
      const [whole, part] = [
        model.runWithInterventions(tokens, acting, { names }),
        again(acting, { names, returns: 'nothing' }),
      ];
      expect(part.cache.get(names[0]!).data).toEqual(whole.cache.get(names[0]!).data);
      expect(again(acting).logits).toEqual(model.runWithInterventions(tokens, acting).logits);
      expect(again([]).logits).toEqual(model.run(tokens).logits);
    }
  });

  test('what cannot be given back is refused by name', () => {
    expect(() => model.runWithCache(tokens, { returns: 'both' } as never)).toThrow(/returns/);
  });
});

test('a pass goes no further than what is kept: weights that blow up behind it are never met', () => {
  const model = randomModel(engine, SIZES);
  model.setWeights({ 'unembed.W_U': { ...model.getWeight('unembed.W_U'), data: new Float32Array(77).fill(3e38) } });
  const name = 'ln_final.hook_normalized';
  const { cache } = model.runWithCache(tokens, { names: [name], returns: 'nothing' });
  expect([...cache.get(name).data].every(Number.isFinite)).toBe(true);
  expect([...model.run(tokens).lossPerPosition].every(Number.isFinite)).toBe(false);
});
