// What a model is given from plain JavaScript, where no type checker looks first: a call that cannot be meant is refused in
// one sentence that names the argument and what is right, and never answered as if something else had been asked.

import { describe, expect, test } from 'vitest';
import { randomModel, randomTokens } from '../../test/support/models.ts';
import { referenceEngine } from '../engine/engine.ts';
import { loadEngine } from '../node.ts';
import { modelConfig } from './config.ts';
import { globExpression } from './glob.ts';
import { checkHead } from './heads.ts';
import { hookPoints } from './hookPoints.ts';
import { checkIntervention } from './interventions/interventionChecks.ts';
import { Model } from './model.ts';
import { parameterCount } from './parameters.ts';
import { modelParts } from './parts.ts';

const OPTIONS = { nLayers: 2, nHeads: 2, dModel: 6, dHead: 3, nCtx: 9, dVocab: 13 };
const model = randomModel(referenceEngine, OPTIONS);
const tokens = randomTokens({ sequences: 2, length: 8 }, OPTIONS.dVocab);
const hook = 'blocks.1.attn.hook_z';
/** As plain JavaScript calls it. */
const untyped = (value: unknown): never => value as never;

const refusal = (call: () => unknown): string => {
  try {
    call();
  } catch (error) {
    return (error as Error).message;
  }
  return 'accepted';
};

describe('interventions', () => {
  const run = (...interventions: unknown[]) => model.runWithInterventions(tokens, untyped(interventions));
  const removal = { kind: 'removeFromInput', layer: 1, head: 0, input: 'k', sources: 'allEarlier' };

  test.each([
    [{ kind: 'zeroAblate', hook, heads: [1] }, '.0 has an unknown field "heads"; the nearest known one is "head".'],
    [
      { kind: 'zeroAblate', hook, position: 7 },
      '.0 has an unknown field "position"; the nearest known one is "positions".',
    ],
    [{ kind: 'patch', hook, shift: 1 }, '.0 has an unknown field "shift"; the nearest known one is'],
    [{ kind: 'zero', hook }, '.0.kind must be "zeroAblate", .* or "removeFromInput", got "zero".'],
    [{ hook }, '.0.kind is missing; it must be "zeroAblate", .* or "removeFromInput".'],
    [{ ...removal, input: 'K' }, '.0.input must be "q" or "k" or "v", got "K".'],
    [{ ...removal, by: 'resample' }, '.0.by must be "zero" or "mean" or "clean", got "resample".'],
    [{ ...removal, sources: 'all' }, '.0.sources must be "allEarlier" or an array of heads .*, got "all".'],
    [{ ...removal, sources: ['L0H0'] }, '.0.sources.0 must be an object, got "L0H0".'],
    [{ ...removal, sources: [{ layer: 0, head: 0, weight: 2 }] }, '.0.sources.0 has an unknown field "weight"'],
    [{ kind: 'zeroAblate', hook, head: '0' }, '.0.head must be a number, got "0".'],
    [{ kind: 'zeroAblate', hook, head: 0.5 }, '.0.head must be a whole number, got 0.5.'],
    [{ kind: 'zeroAblate', hook, positions: 7 }, '.0.positions must be an array, got 7.'],
    [{ kind: 'zeroAblate', hook: ['x'] }, '.0.hook must be a string, got \\["x"\\].'],
    [{ kind: 'resampleAblate', hook, shift: 0.5 }, '.0.shift must be a whole number, got 0.5.'],
    [{ kind: 'meanAblate', hook, mean: [0, Number.NaN, 0] }, '.0.mean must be an array of finite numbers'],
    [{ ...removal, by: 'mean', mean: ['1'] }, '.0.mean must be an array of finite numbers'],
    [null, '.0 must be an object, got null.'],
    [Promise.resolve(), '.0.kind is missing'],
  ])('%j', (intervention, sentence) => {
    expect(refusal(() => run(intervention))).toMatch(new RegExp(`^runWithInterventions: interventions${sentence}`));
  });

  test.each([
    [[{ kind: 'zeroAblate', hook, positions: [] }], /^zeroAblate: positions at ".*" is empty, which names nothing/],
    [[{ kind: 'zeroAblate', hook, positions: [1, 2, 1] }], /^zeroAblate: positions at ".*" names 1 twice/],
    [[{ kind: 'zeroAblate', hook, positions: [8] }], /^zeroAblate: .* positions 0 to 7 here; there is no position 8/],
    [[{ kind: 'zeroAblate', hook: '' }], /no hook point ""/],
    [[{ kind: 'meanAblate', hook: 'blocks.0.attn.hook_pattern', mean: [1] }], /mean must have 8 numbers/],
    [[{ ...removal, by: 'mean', mean: [1] }], /^removeFromInput: mean must have \d+ numbers, .* got 1\.$/],
    [[{ ...removal, mean: [1] }], /^removeFromInput: mean has no effect by "zero"; leave it out, or write by: "mean"/],
    [[removal, { ...removal, by: 'mean' }], /^removeFromInput: L0H0 is taken out of the K input of L1H0 twice/],
    [[{ ...removal, sources: [0, 0].map(() => ({ layer: 0, head: 1 })) }], /L0H1 is taken out .* twice/],
  ])('%j, which no schema can know', (interventions, sentence) => {
    expect(refusal(() => run(...interventions))).toMatch(sentence);
  });

  test('are a list, with no holes', () => {
    const call = (given: unknown) => () => model.runWithInterventions(tokens, untyped(given));
    expect(refusal(call({ kind: 'zeroAblate', hook }))).toMatch(/interventions must be an array such as \[\{ kind/);
    expect(refusal(call(undefined))).toMatch(/interventions must be an array .*, got undefined/);
    const holed: unknown[] = [];
    holed[1] = { kind: 'zeroAblate', hook };
    expect(refusal(call(holed))).toMatch(/interventions\.0 is missing/);
  });

  test('are refused in the same words by checkIntervention and checkHead', () => {
    const { config } = model;
    expect(refusal(() => checkIntervention(config, untyped({ kind: 'zeroAblate', hook, heads: [1] })))).toBe(
      'checkIntervention: intervention has an unknown field "heads"; the nearest known one is "head".',
    );
    expect(refusal(() => checkHead(config, untyped('L0H1'), 'me'))).toBe(
      'me: expected a head such as { layer: 0, head: 1 }, got "L0H1".',
    );
  });

  test('that are all right act', () => {
    const whole = model.runWithInterventions(tokens, [{ kind: 'zeroAblate', hook }]).logits;
    const mean = new Float32Array(3); // a typed array is as good
    const zeros = [0, 1].map((head) => ({ kind: 'meanAblate', hook, head, mean: untyped(mean) }) as const);
    expect(model.runWithInterventions(tokens, zeros).logits).toEqual(whole);
  });
});

describe('tokens', () => {
  const batch = 'tokens must be an array of sequences such as [[3, 1, 4]], got';
  const flat = 'tokens must be an array of sequences, got a flat list; for one sequence write';
  const whole = 'tokens are whole numbers from 0 to 12.';
  test.each([
    ['a flat list', [3, 1, 4], `${flat} [[3, 1, 4]].`],
    ['a flat typed array', new Int32Array([3, 1, 4]), `${flat} [[3, 1, 4]].`],
    ['a long flat list', new Array(99).fill(7), `${flat} [[7, 7, 7, 7, 7, 7, 7, 7, …]].`],
    ['text', '314', `${batch} "314".`],
    ['nothing', undefined, `${batch} undefined.`],
    ['a promise', Promise.resolve([[1]]), `${batch} a Promise; await it.`],
    ['what makeBatch gives', { tokens: [[1]], places: [] }, `${batch} {"tokens":[[1]],"places":[]}.`],
    ['sequences of text', ['314'], 'sequence 0 must be an array of tokens, got "314".'],
    ['a sequence too few', [[3], 4], 'sequence 1 must be an array of tokens, got 4.'],
    [
      'big integers',
      [new BigInt64Array(2)],
      'sequence 0 must be an array of tokens, got a BigInt64Array of 2 numbers.',
    ],
    ['nested once more', [[[3, 1]]], `sequence 0 has token [3,1] at position 0; ${whole}`],
    ['tokens as text', [['3']], `sequence 0 has token "3" at position 0; ${whole}`],
    // biome-ignore lint/suspicious/noSparseArray: what is tested
    ['a hole in a sequence', [[3, , 4]], `sequence 0 has token undefined at position 1; ${whole}`],
    // biome-ignore lint/suspicious/noSparseArray: what is tested
    ['a hole in the batch', [[3], , [4]], 'sequence 1 must be an array of tokens, got undefined.'],
  ])('%s', (_, given, sentence) => {
    expect(refusal(() => model.run(untyped(given)))).toBe(`run: ${sentence}`);
    expect(refusal(() => model.runWithCache(untyped(given)))).toBe(`runWithCache: ${sentence}`);
    expect(refusal(() => model.runWithHooks(untyped(given), []))).toBe(`runWithHooks: ${sentence}`);
    expect(refusal(() => model.runWithGradients(untyped(given)))).toBe(`runWithGradients: ${sentence}`);
    expect(refusal(() => model.runWithInterventions(untyped(given), []))).toBe(`runWithInterventions: ${sentence}`);
    expect(refusal(() => modelParts(model, untyped(given)))).toBe(`modelParts: ${sentence}`);
    if (given !== undefined)
      expect(refusal(() => model.runWithInterventions(tokens, [], { clean: untyped(given) }))).toMatch(
        /^runWithInterventions(, clean: |: clean must be tokens or what a run kept)/,
      );
  });

  test('of any kind of array are the same tokens', () => {
    const want = model.run([[3, 1, 4]]).logits;
    for (const sequence of [Uint8Array.of(3, 1, 4), Float32Array.of(3, 1, 4), { length: 3, 0: 3, 1: 1, 2: 4 }])
      expect(model.run([sequence]).logits).toEqual(want);
  });

  test('are all that run takes', () => {
    expect(refusal(() => model.run(tokens, untyped({ names: '*' })))).toMatch(/^run: takes tokens alone.*runWithCache/);
  });
});

describe('options', () => {
  test('a clean run is one of activations, not of their gradients', () => {
    const { activationGradients } = model.runWithGradients(tokens, { names: hook });
    expect(
      refusal(() => model.runWithInterventions(tokens, [{ kind: 'patch', hook }], { clean: activationGradients })),
    ).toMatch(/clean holds gradients/);
  });

  test('of unknown names are refused with the nearest known one', () => {
    expect(refusal(() => model.runWithCache(tokens, untyped({ name: hook })))).toBe(
      'runWithCache: options has an unknown field "name"; the nearest known one is "names".',
    );
    expect(refusal(() => model.runWithInterventions(tokens, [], untyped({ cleanRun: tokens })))).toMatch(/"clean"\.$/);
    expect(refusal(() => model.runWithGradients(tokens, untyped({ query: [0, 1] })))).toMatch(/"queries"\.$/);
    expect(refusal(() => model.runWithCache(tokens, untyped(hook)))).toMatch(/options must be an object, got "blocks/);
    expect(refusal(() => hookPoints(model.config, untyped({ onrequest: true })))).toMatch(/"onRequest"\.$/);
  });

  test('that name no position are refused', () => {
    for (const queries of [[1.5, 3], [0, 3, 5], ['0', '3'], '03'])
      expect(refusal(() => model.runWithGradients(tokens, { queries: untyped(queries) }))).toMatch(
        /options\.queries must be a pair of query positions \[from, to\], or a list of queries for each sequence, got/,
      );
  });

  test('that name a clean run are tokens or a cache', () => {
    const clean = untyped(model.runWithCache(tokens));
    expect(refusal(() => model.runWithInterventions(tokens, [{ kind: 'patch', hook }], { clean }))).toMatch(
      /clean must be tokens or what a run kept \(its `cache`\)/,
    );
  });
});

describe('names of hook points', () => {
  const select = (names: unknown) => refusal(() => model.runWithCache(tokens, { names: untyped(names) }));
  test.each([
    ['a number', 7, /named by a string, an array of strings or a function of a name, got 7/],
    ['a list with something else in it', [hook, undefined], /named by a string.*, got undefined/],
    ['a set', new Set([hook]), /got a Set/],
    ['nothing', '', /no hook point ""/],
    ['an empty list', [], /names is empty, so nothing would be kept/],
    ['a function that chooses none', () => false, /chooses no hook point of this model/],
    ['a function that is not asked for those on request', (n: string) => n.endsWith('hook_result'), /have to be named/],
    ['a function that answers later', async () => true, /gave a promise; it must answer true or false at once/],
    ['a glob that matches none', ['blocks.*.hook_*x'], /no hook point "blocks\.\*\.hook_\*x"/],
    ['one of any length', 'x'.repeat(1e6), /^.{0,300}$/],
  ])('%s', (_, names, sentence) => {
    expect(select(names)).toMatch(sentence);
  });

  test('are matched by globs as by the expressions that they stand for', () => {
    const pieces = ['*', '?', '**', 'a', 'b', '.', 'ab', '+'];
    const names = ['', 'a', 'ab', 'aab', 'abab', 'a.b', 'ba', 'b+a', 'aaaa'];
    for (let n = 0; n < 8 ** 4; n++) {
      const glob = [n, n >> 3, n >> 6, n >> 9].map((i) => pieces[i & 7]).join('');
      const source = glob.replace(/[.+]/g, '\\$&').replace(/\*+/g, '.*').replace(/\?/g, '.');
      const wanted = new RegExp(`^${source}$`);
      const got = globExpression(glob);
      for (const name of names) if (got.test(name) !== wanted.test(name)) expect.fail(`${glob} against ${name}`);
    }
  });

  test('are matched in time that grows with their length, not with what stars may stand for', () => {
    const started = performance.now();
    for (const glob of [`${'*'.repeat(5000)}x`, `${'*a'.repeat(5000)}x`, `${'*?'.repeat(30)}x`, `${'?*'.repeat(500)}x`])
      expect(globExpression(glob).test('a'.repeat(2000))).toBe(false);
    expect(performance.now() - started).toBeLessThan(1000);
  });
});

describe('hooks', () => {
  const leave =
    (data: unknown) =>
    (activation: object): void =>
      void Object.assign(activation, { data });
  const run = (hooks: unknown) => refusal(() => model.runWithHooks(tokens, untyped(hooks)));
  test.each([
    ['an object', { [hook]: () => {} }, /^runWithHooks: hooks must be an array of pairs .*, got \{"blocks/],
    ['a Map', new Map([[hook, () => {}]]), /hooks must be an array of pairs .*, got a Map/],
    ['a lone pair', [hook, () => {}], /hooks\.0 must be a pair of names and a function, .*, got "blocks/],
    ['a pair of one', [[hook]], /hooks\.0 must be a pair/],
    ['a third thing', [[hook, () => {}, 'bwd']], /hooks\.0 must be a pair/],
    ['no function', [[hook, 7]], /hooks\.0 must end in a function, got 7/],
    ['no names', [[[], () => {}]], /a hook is given no names, so it would never be called/],
    ['a hook that answers later', [[hook, async () => {}]], /returned a promise; a pass does not wait/],
    ['a hook that fails later', [[hook, () => Promise.reject(new Error('late'))]], /returned a promise/],
    ['a hook that returns text', [[hook, () => 'zero']], /returned "zero"; return nothing, or an array of shape/],
    ['a hook that returns no number', [[hook, () => Number.NaN]], /returned NaN/],
    ['a hook that returns too few', [[hook, () => [1, 2]]], /left 2 numbers, its shape \[2,8,2,3\] needs 96/],
    ['a hook that returns another shape', [[hook, () => [[1, 2]]]], /not of its shape \[2,8,2,3\]; .* 96 numbers/],
    ['a hook that leaves text', [[hook, leave('x')]], /left "x" as data/],
    ['a hook that leaves numbers as text', [[hook, leave(new Array(96).fill('1'))]], /left "1" at place 0 of 96/],
  ])('%s', (_, hooks, sentence) => {
    expect(run(hooks)).toMatch(sentence);
  });

  test('replace an activation by an array that they return, flat or nested, as by what they leave in data', () => {
    const size = 2 * 8 * 2 * 3;
    const wanted = model.runWithHooks(tokens, [[hook, (a) => void a.data.fill(0.5)]]).logits;
    const nested = Array.from({ length: 2 }, () =>
      Array.from({ length: 8 }, () => Array.from({ length: 2 }, () => new Float32Array(3).fill(0.5))),
    );
    const returned: unknown[] = [
      new Float64Array(size).fill(0.5),
      new Float32Array(size).fill(0.5),
      new Array(size).fill(0.5),
      nested,
      { data: new Array(size).fill(0.5) },
    ];
    for (const value of returned)
      expect(model.runWithHooks(tokens, [[hook, () => untyped(value)]]).logits).toEqual(wanted);
  });

  test('return by the way what an expression gives, which means nothing', () => {
    const plain = model.run(tokens).logits;
    const [kept, names, seen] = [new Map<string, unknown>(), [] as string[], new Set<string>()];
    const logits = model.runWithHooks(tokens, [
      [hook, (a) => untyped(kept.set(a.name, a.data))],
      [hook, (a) => untyped(names.push(a.name))],
      [hook, (a) => untyped(seen.add(a.name))],
      [hook, (a) => untyped(a)],
      [hook, () => untyped(true)],
    ]).logits;
    expect(logits).toEqual(plain);
    expect([kept.size, names.length, seen.size]).toEqual([1, 1, 1]);
  });

  test('cannot make the future visible or the model another by what they do to a name or a shape', () => {
    const plain = model.run(tokens).logits;
    const spoil = (a: { name: unknown; shape: unknown; data: { fill(x: number): unknown } }): void => {
      (a.shape as number[]).reverse();
      a.name = 'hook_embed';
      a.data.fill(0.1);
    };
    const [scores] = ['blocks.0.attn.hook_pattern'];
    const filled = model.runWithHooks(tokens, [[scores!, (a) => void a.data.fill(0.1)]]).logits;
    expect(model.runWithHooks(tokens, [[scores!, spoil as never]]).logits).toEqual(filled);
    const { cache } = model.runWithCache(tokens);
    (cache.get(hook).shape as number[]).reverse();
    (model.getWeights()['embed.W_E']!.shape as number[]).reverse();
    expect(cache.get(hook).shape).toEqual([2, 8, 2, 3]);
    expect(model.getWeights()['embed.W_E']!.shape).toEqual([13, 6]);
    expect(model.run(tokens).logits).toEqual(plain);
  });
});

describe('weights', () => {
  const { shape, data } = model.getWeights()['embed.W_E']!;
  const set = (weights: unknown): string => refusal(() => model.setWeights(untyped(weights)));
  const numbers = (change: (values: unknown[]) => unknown): unknown => {
    const values: unknown[] = [...Array.from(data)];
    change(values);
    return { 'embed.W_E': { shape, data: values } };
  };
  test.each([
    ['NaN', numbers((v) => v.fill(Number.NaN, 5)), /^setWeights: embed.W_E has NaN at element 5; weights are finite/],
    ['infinity', numbers((v) => v.fill(Number.POSITIVE_INFINITY, 77)), /has Infinity at element 77/],
    ['text', numbers((v) => v.fill('1')), /has "1" at element 0/],
    ['a hole', numbers((v) => void delete v[2]), /has undefined at element 2/],
    ['too few', numbers((v) => void v.pop()), /has 77 numbers, its shape \[13,6\] needs 78/],
    ['big integers', { 'embed.W_E': { shape, data: new BigInt64Array(78) } }, /must be \{ shape, data \} with arrays/],
    ['numbers alone', { 'embed.W_E': data }, /must be \{ shape, data \} with arrays of numbers, got a Float64Array/],
    ['no shape', { 'embed.W_E': { data } }, /must be \{ shape, data \}/],
    ['a Map', new Map([['embed.W_E', { shape, data }]]), /weights must be an object such as .*, got a Map/],
    ['a promise', Promise.resolve({}), /weights must be an object such as .*, got a Promise/],
    ['nothing', undefined, /weights must be an object/],
    [
      'another name',
      { 'embed.W_F': { shape, data } },
      /^setWeights: no weight embed.W_F in this model; the nearest are/,
    ],
    ['a long name', { ['x'.repeat(1e5)]: { shape, data } }, /^.{0,300}$/],
    ['names of other things', JSON.parse('{"__proto__": {"shape": [1], "data": [1]}}'), /no weight __proto__/],
  ])('with %s', (_, weights, sentence) => {
    expect(set(weights)).toMatch(sentence);
  });

  test('are taken all or none', () => {
    const before = model.run(tokens).logits;
    const good = { shape, data: new Float64Array(78) };
    expect(
      set({ 'embed.W_E': good, 'unembed.W_U': { shape: [6, 13], data: new Float64Array(78).fill(Number.NaN) } }),
    ).toMatch(/unembed.W_U has NaN/);
    expect(set({ 'embed.W_E': good, 'unembed.W_F': good })).toMatch(/no weight unembed.W_F/);
    expect(model.run(tokens).logits).toEqual(before);
  });

  test('that float32 cannot hold are refused by a model of float32', async () => {
    const single = new Model(await loadEngine({ shared: false }), OPTIONS);
    const weights = { 'embed.W_E': { shape, data: new Float64Array(78).fill(1e39) } };
    expect(refusal(() => single.setWeights(weights))).toMatch(/has 1e\+39 at element 0; weights are finite float32/);
    expect(set(weights)).toBe('accepted');
    model.setWeights({ 'embed.W_E': { shape, data } });
  });
});

describe('a config', () => {
  const make = (options: unknown): string => refusal(() => modelConfig(untyped(options)));
  test.each([
    [{ ...OPTIONS, nLayer: 2 }, 'options has an unknown field "nLayer"; the nearest known one is "nLayers".'],
    [{ ...OPTIONS, d_model: 2 }, 'options has an unknown field "d_model"; the nearest known one is "dModel".'],
    [{ ...OPTIONS, dModel: '6' }, 'dModel must be a whole number from 1 to 2147483647, got "6".'],
    [{ ...OPTIONS, biases: 'no' }, 'biases must be true or false, got "no".'],
    [{ ...OPTIONS, tied: 1 }, 'tied must be true or false, got 1.'],
    [{ ...OPTIONS, eps: '1e-5' }, 'eps must be a positive number, got "1e-5".'],
    [{ ...OPTIONS, rotaryDim: 1.5 }, 'rotaryDim must be a whole number, got 1.5.'],
    [{ ...OPTIONS, nLayers: undefined }, 'nLayers must be a whole number from 1 to 65536, got undefined.'],
    [null, 'options must be an object, got null.'],
  ])('%j', (options, sentence) => {
    expect(make(options)).toBe(`modelConfig: ${sentence}`);
    expect(refusal(() => new Model(referenceEngine, untyped(options)))).toBe(`modelConfig: ${sentence}`);
  });

  test('leaves defaults where a field is undefined, and cannot be changed under a model', () => {
    expect(modelConfig({ ...OPTIONS, positions: untyped(undefined) })).toEqual(modelConfig(OPTIONS));
    expect(() => Object.assign(model.config, { nCtx: 100 })).toThrow(TypeError);
    expect(parameterCount(untyped(OPTIONS))).toBe(parameterCount(modelConfig(OPTIONS)));
  });
});

test('an engine that was not awaited, and options that it does not have, are told what to write', async () => {
  const make = (engine: unknown): string => refusal(() => new Model(untyped(engine), OPTIONS));
  expect(make(loadEngine())).toBe('Model: engine is a promise; write `await loadEngine()`.');
  expect(make(undefined)).toBe('Model: engine must be what `await loadEngine()` gives, got undefined.');
  await expect(loadEngine(untyped({ exakt: true }))).rejects.toThrow(
    'loadEngine: options has an unknown field "exakt"; the nearest known one is "exact".',
  );
  await expect(loadEngine(untyped('exact'))).rejects.toThrow('loadEngine: options must be an object, got "exact".');
});
