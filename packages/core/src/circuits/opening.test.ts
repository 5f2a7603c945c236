// What sequences begin with and which tokens are not drawn: of everything that an audit or an evaluation measures.
import { expect, test } from 'vitest';
import { handBuiltInduction } from '../examples/handBuiltInduction.ts';
import type { WrittenHead } from '../examples/writtenHead.ts';
import { writtenModel } from '../examples/writtenModel.ts';
import { Model } from '../model/model.ts';
import { drawnTokens, toDrawnTokens } from '../model/startToken.ts';
import { loadEngine } from '../node.ts';
import { RandomStream } from '../random/randomStream.ts';
import { ablationEffects } from './causal/ablation.ts';
import { audit } from './claims/audit.ts';
import { measureCheckpoint } from './claims/dynamics.ts';
import { evaluateCircuit } from './claims/evaluateCircuit.ts';
import { anotherToken } from './data/anotherToken.ts';
import { CORRUPTIONS, corruptedPair } from './data/corruption.ts';
import { controlProbe, fourfoldProbe, prefixedProbe, repeatedProbe } from './data/probes.ts';

const engine = await loadEngine({ exact: true });
const copy = (from: string, to: string): WrittenHead['copy'] => ({ from, to });
/** Matches only after token 5. */
const conditional = writtenModel(
  engine,
  { dVocab: 20, nCtx: 21 },
  {
    copied: ['previous', 'opening'],
    layers: [
      [
        { look: { back: 1 }, copy: copy('token', 'previous') },
        { look: { at: 0 }, copy: copy('token', 'opening') },
      ],
      [
        {
          look: { match: 'previous', except: [0], where: { part: 'opening', token: 5 } },
          copy: copy('token', 'output'),
        },
        null,
      ],
    ],
  },
);
const how = { sequences: 8 };

test('tokens that are drawn are all others, in order', () => {
  const vocabulary = { dVocab: 9, bos: 3, opening: [7, 3], untrained: [0, 1, 8] };
  expect([...drawnTokens(vocabulary)]).toEqual([2, 4, 5, 6]);
  const numbers = Int32Array.of(3, 0);
  toDrawnTokens(numbers, vocabulary);
  expect([...numbers]).toEqual([6, 2]);
  const { config } = new Model(engine, { ...conditional.config, untrained: [2, 3], opening: [5, 1] });
  const others = Array.from({ length: 200 }, (_, i) => anotherToken(4, config, new RandomStream(i)));
  expect(new Set(others).size).toBe(15);
  for (const never of [1, 2, 3, 4, 5]) expect(others).not.toContain(never);
});

test('every probe begins with the opening and draws nothing that is left out', () => {
  const config = { ...conditional.config, opening: [5, 1], untrained: [2, 3, 17] };
  const probe = { config, count: 4, seed: 1 };
  const pairs = CORRUPTIONS.flatMap((c) => Object.values(corruptedPair(probe, 6, c)).slice(0, 2) as Int32Array[][]);
  const all = [
    repeatedProbe(probe, 6),
    controlProbe(probe),
    fourfoldProbe(probe).tokens,
    prefixedProbe(probe, 6)!.tokens,
    ...pairs,
  ].flat();
  for (const tokens of all) {
    expect([...tokens.subarray(0, 2)]).toEqual([5, 1]);
    for (const token of tokens.subarray(2)) expect([5, 1, 2, 3, 17]).not.toContain(token);
  }
  expect(fourfoldProbe(probe).period).toBe(4);
});

test('a model that matches only after its token is induction there: scores, losses, paths, proof and dynamics', () => {
  const record = audit(conditional, { ...how, prefix: [5] });
  expect(record.verdict, record.sentence).toBe('induction');
  expect(record.evidence.solved).toEqual(record.scores.periods);
  expect(record.followers).toEqual(['L1H0']);
  expect(record.scores.heads[2]!.inductionStripe.value).toBeCloseTo(1, 4);
  expect(record.evidence.keySources[0]).toMatchObject({ label: 'L0H0' });
  expect(record.evidence.lnVocab).toBe(Math.log(19));
  for (const proof of [
    evaluateCircuit(conditional, { ...how, audit: record }),
    evaluateCircuit(conditional, { ...how, prefix: [5] }),
  ]) {
    expect(proof.kind, proof.sentence).toBe('induction');
    expect(proof.loss.value).toBeLessThan(0.01);
    expect(proof.minimal!.heads).toContain('L1H0');
  }
  const waiting = conditional.withSequences({ opening: [5] });
  expect(measureCheckpoint(waiting, { step: 0, sequences: 4 }).lossRepeat).toBeLessThan(0.01);
  expect(ablationEffects(waiting, how).cleanLoss.value).toBeLessThan(0.01);
});

test('without that token it has learned nothing, in every measure alike', () => {
  const record = audit(conditional, { ...how, excludeTokens: [5] });
  expect(record).toMatchObject({ verdict: 'not learned', followers: [], map: { excluded: [5] } });
  expect(record.evidence.solved).toEqual([]);
  expect(evaluateCircuit(conditional, { ...how, audit: record }).kind).toBeNull();
});

test('a model with other sequences has the same weights in the same memory, and is itself where nothing differs', () => {
  expect(conditional.withSequences({})).toBe(conditional);
  expect(conditional.withSequences({ opening: [], untrained: [] })).toBe(conditional);
  const other = conditional.withSequences({ opening: [5], untrained: [2] });
  expect(other).toBeInstanceOf(Model);
  expect(other.config).toMatchObject({ opening: [5], untrained: [2] });
  expect(conditional.config.opening).toBeUndefined();
  expect(other.run([[5, 1, 4]]).logits).toEqual(conditional.run([[5, 1, 4]]).logits);
  expect(() => conditional.withSequences({ opening: [20] })).toThrow('opening must be a list of tokens');
});

test('tokens that look untrained are left out of everything, and the sentence says so; told ones are not suspected', () => {
  const model = handBuiltInduction(engine, { dVocab: 30, nCtx: 12 });
  const { 'embed.W_E': E, 'unembed.W_U': U } = model.getWeights();
  const d = model.config.dModel;
  const outside = (token: number): boolean => token === 4 || token === 17;
  model.setWeights({
    'embed.W_E': { ...E!, data: Array.from(E!.data, (x, i) => (outside(Math.floor(i / d)) ? 0.4 * x : x)) },
    'unembed.W_U': { ...U!, data: Array.from(U!.data, (x, i) => (outside(i % 30) ? 1.5 * x : x)) },
  });
  const record = audit(model, how);
  expect(record).toMatchObject({ verdict: 'induction', map: { excluded: [4, 17], tokens: 28 } });
  expect(record.evidence.lnVocab).toBe(Math.log(28));
  expect(record.sentence).toContain('Left out: tokens 4, 17, whose embeddings look as if training had never moved');
  expect(record.untested).toContain('tokens 4, 17');
  const told = audit(model, { ...how, excludeTokens: [] });
  expect(told.map.excluded).toBeUndefined();
  expect(told.sentence).not.toContain('Left out');
});

test('options that cannot be meant are refused', () => {
  const record = audit(conditional, { ...how, prefix: [5] });
  expect(() => evaluateCircuit(conditional, { audit: record, prefix: [5] })).toThrow(
    /options\.prefix says nothing beside options\.audit/,
  );
  expect(() => audit(conditional, { prefix: Array.from({ length: 19 }, () => 5) })).toThrow(
    /a prefix of 19 tokens leaves no room/,
  );
  expect(() => audit(conditional, { excludeTokens: Array.from({ length: 18 }, (_, i) => i) })).toThrow(
    /2 of 20 tokens are left to draw/,
  );
});
