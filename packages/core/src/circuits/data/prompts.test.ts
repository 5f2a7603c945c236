// What prompts may be, and the sentences for what they may not.
import { describe, expect, test } from 'vitest';
import { referenceEngine } from '../../engine/engine.ts';
import { handBuiltInduction } from '../../examples/handBuiltInduction.ts';
import type { Measure } from '../../model/measures/measure.ts';
import { ablationEffects } from '../causal/ablation.ts';
import { activationPatching } from '../causal/activationPatching.ts';
import { logitAttribution } from '../causal/logitAttribution.ts';
import { pathTable } from '../causal/pathTable.ts';
import { evaluateCircuit } from '../claims/evaluateCircuit.ts';
import { corruptedPair } from './corruption.ts';
import { askedPrompts, checkPrompts } from './promptChecks.ts';
import { PromptSet } from './promptSet.ts';
import { byLength, commonQueries, type Prompts } from './prompts.ts';
import { corruptedPrompts, promptsOf, repeatPrompts } from './repeatPrompts.ts';

const model = handBuiltInduction(referenceEngine, { dVocab: 9, nCtx: 10 });
const { config } = model;
const good = { tokens: [1, 2, 3, 1], queries: [3], answers: [2], wrong: [3], corrupted: [4, 2, 3, 1] };
// biome-ignore lint/suspicious/noExplicitAny: what plain JavaScript may hand over
const loose = (...prompts: any[]): Prompts => prompts;

describe('prompts', () => {
  test('have all queries with a next token, which is the right answer, unless they say otherwise', () => {
    const [all, own] = askedPrompts([{ tokens: [5, 6, 7] }, good], { config, caller: 'test' });
    expect(all).toMatchObject({ queries: [0, 1], answers: [6, 7], wrong: [] });
    expect(own).toMatchObject({ queries: [3], answers: [2], wrong: [3] });
  });

  test('run together by length, in their order, and say which queries they have in common', () => {
    const prompts = [
      [1, 2],
      [1, 2, 3],
      [3, 4],
    ].map((tokens) => ({ tokens }));
    expect(byLength(prompts)).toEqual([[0, 2], [1]]);
    const asked = askedPrompts(prompts, { config, caller: 'test' });
    expect(commonQueries([asked[0]!, asked[2]!])).toEqual([0, 1]);
    expect(commonQueries(asked)).toBeNull();
    const apart = askedPrompts([{ tokens: [1, 2, 3, 4], queries: [0, 2] }], { config, caller: 'test' });
    expect(commonQueries(apart)).toBeNull();
  });

  test('of repeats have the repeat’s queries and, as wrong answer, the token of the block after the right one', () => {
    const probe = { config, count: 2, seed: 1 };
    for (const { tokens, queries, wrong } of repeatPrompts(probe, [4])) {
      expect(queries).toEqual([4, 5, 6]);
      expect(wrong).toEqual([tokens[2], tokens[3], tokens[0]]);
    }
    const pair = corruptedPair(probe, 4, 'break-repeat');
    const twins = corruptedPrompts(probe, 4, 'break-repeat');
    expect(promptsOf(pair)).toEqual(twins.map(({ tokens, queries, corrupted }) => ({ tokens, queries, corrupted })));
  });
});

describe('what cannot be meant is refused in one sentence that names sequence and query', () => {
  test.for([
    [loose(good, { ...good, queries: [4] }), 'sequence 1 has no query 4; its positions are whole numbers from 0 to 3.'],
    [loose(good, { ...good, queries: [] }), 'sequence 1 has no query, so there is nothing to measure; name one.'],
    [loose({ tokens: [1] }), 'sequence 0 has no query, so there is nothing to measure; name one.'],
    [
      loose({ ...good, queries: [2, 2], answers: [1, 1], wrong: [3, 3] }),
      'sequence 0 names query 2 twice; name it once.',
    ],
    [
      loose(good, { tokens: [1, 2], queries: [1] }),
      'sequence 1 has no next token at query 1; give `answers`, or leave this query out.',
    ],
    [
      loose({ ...good, answers: [9] }),
      'answers of sequence 0 has token 9 at query 3; tokens are whole numbers from 0 to 8.',
    ],
    [
      loose({ ...good, wrong: [-1] }),
      'wrong of sequence 0 has token -1 at query 3; tokens are whole numbers from 0 to 8.',
    ],
    [
      loose({ ...good, answers: [1, 2] }),
      'answers of sequence 0 must be a token for each of its queries 3, 1 in all, got 2.',
    ],
    [
      loose(good, { ...good, corrupted: [1, 2] }),
      'sequence 1 has 4 tokens, its corrupted twin 2; use twins of equal length.',
    ],
    [
      loose({ ...good, corrupted: [1, 2, 3, 99] }),
      'the corrupted twin of sequence 0 has token 99 at position 3; tokens are whole numbers from 0 to 8.',
    ],
    [
      loose({ ...good, tokens: [1, 2, 3, 1.5] }),
      'sequence 0 has token 1.5 at position 3; tokens are whole numbers from 0 to 8.',
    ],
    [loose({ tokens: [] }), 'sequence 0 has no tokens; give it at least one.'],
    [loose({ tokens: Array(11).fill(1) }), "sequence 0 has 11 tokens, this model's context is 10; shorten it."],
    [loose([1, 2]), 'prompts.0 must be an object, got [1,2].'],
    [loose({ tokens: 3 }), 'prompts.0.tokens must be a list of whole numbers, as in [3, 1, 4], got 3.'],
    [loose({ ...good, query: [1] }), 'prompts.0 has an unknown field "query"; the nearest known one is "queries".'],
    [loose(), 'prompts must be at least 1 entries long'],
    [loose({ queries: [1] }), 'prompts.0.tokens is missing; it must be a list of whole numbers, as in [3, 1, 4].'],
  ])('%j', ([prompts, sentence]) => {
    expect(() => checkPrompts(config, prompts as Prompts)).toThrow(`checkPrompts: ${sentence}`);
  });

  test('a logit difference without a wrong answer, a twin that is needed, an unknown measure', () => {
    const { wrong: _, corrupted: __, ...bare } = good;
    expect(() => ablationEffects(model, { prompts: [good, bare], measure: 'logit-diff' })).toThrow(
      'ablationEffects: sequence 1 has no wrong answer at query 3, and the measure "logit-diff" compares two; give `wrong`, a token for each of its queries.',
    );
    expect(() => activationPatching(model, [good, bare])).toThrow(
      'activationPatching: sequence 1 has no corrupted twin to patch into; give it `corrupted`, a list of 4 tokens.',
    );
    expect(() => pathTable(model, { prompts: [good], measure: 'logitdiff' as 'loss' })).toThrow(
      'pathTable: there is no measure "logitdiff"; the nearest are "logit-diff"',
    );
  });

  test('a measure that gives no number, in the sequence’s own numbering', () => {
    const odd: Measure = { name: 'odd', unit: 'x', value: ({ tokens }) => (tokens.length === 3 ? Number.NaN : 1) };
    expect(() => new PromptSet(model, { prompts: [good, { tokens: [1, 2, 3], queries: [1] }], measure: odd })).toThrow(
      'PromptSet: the measure "odd" must be a finite number, and is NaN for sequence 1, query 1.',
    );
    const flat: Measure = { name: 'flat', unit: 'x', value: () => 1 };
    expect(pathTable(model, { prompts: [good], measure: flat }).cells[0]!.attributed).toBeNull();
    expect(activationPatching(model, [good], { measure: flat }).doesNotApply).toBe(
      'The corruption costs 0.00 x: there is nothing to restore.',
    );
  });

  test('options that say two things, too few prompts, lengths that do not fit', () => {
    const prompts = [good];
    expect(() => ablationEffects(model, { prompts, sequences: 4 })).toThrow(
      'ablationEffects: options.sequences says nothing beside options.prompts, which has its own; leave one of them out.',
    );
    const set = new PromptSet(model, { prompts });
    expect(() => ablationEffects(model, { set, measure: 'loss' })).toThrow(
      /options\.measure says nothing beside options\.set/,
    );
    expect(() => evaluateCircuit(model, { prompts: [good, good, good] })).toThrow(
      'evaluateCircuit: 3 prompts leave fewer than two to choose the circuit on and two to evaluate it on; give 4 or more.',
    );
    expect(() => evaluateCircuit(model, { evaluateOn: prompts })).toThrow(/evaluateOn needs options\.prompts/);
    const longer = { tokens: [1, 2, 3, 4, 1], corrupted: [5, 2, 3, 4, 1] };
    expect(() => activationPatching(model, [good, longer], { byPosition: true })).toThrow(
      'activationPatching: sequence 1 has 5 tokens, sequence 0 has 4; position by position needs prompts of one length.',
    );
    expect(() => ablationEffects(model, { prompts: [good, good, longer], kind: 'resample' })).toThrow(
      /sequence 2 is the only one of 5 tokens, and resampling takes another one's activation/,
    );
    const unanswered: Measure = { name: 'sum', unit: 'x', value: ({ logits }) => logits[0]! };
    const last = new PromptSet(model, { prompts: [{ tokens: [1, 2], queries: [1] }], measure: unanswered });
    expect(() => logitAttribution(last)).toThrow(/sequence 0 has no next token at query 1, whose logit could be split/);
  });
});
