// Runs that are taken up at a stem give the bits of a whole pass, whatever acts and whatever is looked at.
import { describe, expect, test } from 'vitest';
import { WASM_ENGINES } from '../../test/support/kit.ts';
import { FAMILY_OPTIONS, POSITION_OPTIONS, randomModel, randomTokens } from '../../test/support/models.ts';
import type { Intervention } from './interventions/interventions.ts';
import { lastStemBefore } from './stems.ts';

const SIZES = { nLayers: 3, nHeads: 3, dModel: 11, dHead: 5, nCtx: 13, dVocab: 7 };
const tokens = randomTokens({ sequences: 2, length: 12 }, SIZES.dVocab);
const engine = WASM_ENGINES['fastest build']!;
const mean = [1, 2, 3, 4, 5].map((x) => x / 8);

/** What acts, and where a pass can be taken up. */
const CASES: readonly { acting: readonly Intervention[]; stem: number }[] = [
  { acting: [], stem: 2 },
  { acting: [{ kind: 'meanAblate', hook: 'blocks.0.attn.hook_z', head: 1, mean }], stem: 0 },
  { acting: [{ kind: 'zeroAblate', hook: 'blocks.2.attn.hook_z', head: 0 }], stem: 2 },
  { acting: [{ kind: 'zeroAblate', hook: 'blocks.2.attn.hook_pattern', head: 0 }], stem: 1 },
  { acting: [{ kind: 'zeroAblate', hook: 'blocks.0.attn.hook_q', head: 2 }], stem: -1 },
  { acting: [{ kind: 'patch', hook: 'hook_embed' }], stem: -1 },
  {
    acting: [{ kind: 'removeFromInput', layer: 2, head: 1, input: 'k', sources: [{ layer: 1, head: 0 }] }],
    stem: 1,
  },
  { acting: [{ kind: 'removeFromInput', layer: 2, head: 1, input: 'v', sources: 'allEarlier', by: 'mean' }], stem: 0 },
];

const KINDS = [
  ...POSITION_OPTIONS.map(({ label, options }) => ({ label, options })),
  ...FAMILY_OPTIONS.filter(({ options }) => options.nKeyValueHeads === undefined),
];

test.for(KINDS)('$label: the bits of a whole pass, before and after the weights have changed', ({ options }) => {
  const model = randomModel(engine, { ...SIZES, ...options });
  const run = model.repeatedly(tokens);
  for (const seed of [1, 2]) {
    model.setWeights(randomModel(engine, { ...SIZES, ...options }, seed).getWeights());
    for (const { acting } of CASES) {
      const names = acting.length % 2 === 0 ? [] : ['blocks.2.attn.hook_pattern', 'blocks.1.hook_resid_post'];
      const [taken, whole] = [run(acting, { names }), model.runWithInterventions(tokens, acting, { names })];
      expect(taken.logits).toEqual(whole.logits);
      expect(taken.lossPerPosition).toEqual(whole.lossPerPosition);
      for (const name of names) expect(taken.cache.get(name).data).toEqual(whole.cache.get(name).data);
    }
  }
});

describe('where a pass is taken up', () => {
  const { config } = randomModel(engine, SIZES);

  test.for(CASES)('case %#: the last layer before what acts', ({ acting, stem }) => {
    expect(lastStemBefore(config, { interventions: acting, names: [] })).toBe(stem);
  });

  test('and before what is kept', () => {
    const before = (name: string): number => lastStemBefore(config, { interventions: [], names: [name] });
    expect(['blocks.0.attn.hook_z', 'blocks.2.attn.hook_pattern', 'ln_final.hook_scale'].map(before)).toEqual([
      0, 1, 2,
    ]);
    expect(before('blocks.0.attn.hook_pattern')).toBe(-1);
  });
});

test('what is kept is of the tokens as they were given, though the list changes', () => {
  const model = randomModel(engine, SIZES);
  const given = tokens.map((sequence) => [...sequence]);
  const run = model.repeatedly(given);
  const first = run([]).logits;
  given[0]![3] = (given[0]![3]! + 1) % SIZES.dVocab;
  expect(run([]).logits).toEqual(first);
});

test('without logits: the same losses, and logits only of a run in which nothing acts', () => {
  const model = randomModel(engine, SIZES);
  const run = model.repeatedly(tokens, { logits: false });
  expect(run([]).logits).toEqual(model.run(tokens).logits);
  const { acting } = CASES[1]!;
  const [few, all] = [run(acting), model.runWithInterventions(tokens, acting)];
  expect(few.logits).toHaveLength(0);
  expect(few.lossPerPosition).toEqual(all.lossPerPosition);
});

test('between sizes that run in turn nothing is laid out anew, and what is kept of them is bounded', () => {
  const model = randomModel(engine, { ...SIZES, nCtx: 300 });
  const lengths = [5, 9, 12, 5, 9, 12];
  const logits = () => lengths.map((length) => model.run(randomTokens({ sequences: 3, length }, 7)).logits);
  const before = logits();
  expect(before.slice(3)).toEqual(before.slice(0, 3));
  for (let length = 2; length < 300; length++) model.run(randomTokens({ sequences: 4, length }, 7));
  expect(logits()).toEqual(before);
});
