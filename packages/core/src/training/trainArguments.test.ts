// What training is given from plain JavaScript: refused in one sentence before anything starts, and never waited for.
import { beforeAll, describe, expect, test } from 'vitest';
import { type Engine, referenceEngine } from '../engine/engine.ts';
import { modelParts } from '../model/parts.ts';
import { loadEngine, startWorkers } from '../node.ts';
import { makeBatch } from '../tasks/makeBatch.ts';
import { type Experiment, parseExperiment } from './experiment.ts';
import { initialModel } from './initialize.ts';
import { startInline } from './parallel/inlinePool.ts';
import type { StartPool } from './parallel/pool.ts';
import { train } from './train.ts';
import type { TrainingState } from './trainingState.ts';

const JSON_OF_IT = {
  name: 'tiny',
  model: { nLayers: 1, nHeads: 1, dModel: 4, dHead: 4, nCtx: 12, dVocab: 9, positions: 'none', normalization: null },
  task: { kind: 'repeated', period: 4 },
  training: { steps: 4, batch: 3, learningRate: 0.01 },
};
const experiment = parseExperiment(JSON_OF_IT);
/** As plain JavaScript calls it. */
const untyped = (value: unknown): never => value as never;

let engine: Engine;
let shared: Engine;
let state: TrainingState;
const run = (options: object = {}): ReturnType<typeof train> =>
  train({ engine, experiment, seed: 1, threads: 1, startPool: startInline(), ...options });
const refusal = async (options: object): Promise<string> =>
  run(options).then(
    () => 'accepted',
    (error: Error) => error.message,
  );

beforeAll(async () => {
  engine = await loadEngine({ exact: true, shared: false });
  shared = await loadEngine({ exact: true });
  await run({
    pauseAt: [2],
    observer: { onPause: (pause: { step: number; state(): TrainingState }) => void (pause.step === 2 && keep(pause)) },
  });
});
const keep = (pause: { state(): TrainingState }): void => {
  state = pause.state();
};

describe('a pool', () => {
  test('that comes to no step that it was to run ends the run with a sentence', async () => {
    for (const reached of [0, -1, 99, undefined, Number.NaN, '4']) {
      const read = async () => ({ weights: () => ({}), moments: () => ({ m: {}, v: {} }) });
      const pool = { threads: 1, run: async () => reached, requestStop: () => {}, read, close: async () => {} };
      expect(await refusal({ startPool: async () => pool })).toMatch(
        /^train: the pool was to run steps 1 to 4 and says that it came to/,
      );
    }
  });

  test('of the calling thread is one thread, however many are asked for, and the outcome says so', async () => {
    for (const threads of [1, 2, 8, 1000])
      for (const on of [engine, shared, referenceEngine])
        expect(await run({ engine: on, threads })).toMatchObject({ status: 'done', step: 4, threads: 1 });
  });

  test('of workers is as many as there is work for', async () => {
    expect(await run({ engine: shared, threads: 5, startPool: startWorkers() })).toMatchObject({ threads: 3, step: 4 });
  });

  test('of workers finds their script where a bundler has put it', async () => {
    const workerUrl = new URL('../../dist/nodeWorker.js', import.meta.url);
    for (const url of [workerUrl, workerUrl.href])
      expect(await run({ engine: shared, threads: 2, startPool: startWorkers({ workerUrl: url }) })).toMatchObject({
        step: 4,
      });
    const missing = startWorkers({ workerUrl: new URL('none.js', workerUrl) });
    expect(await refusal({ engine: shared, threads: 2, startPool: missing })).toMatch(/^Training thread \d failed: /);
  });

  test('that something else starts is the same: the calling thread is one thread', async () => {
    const wrapped: StartPool = (options) => startInline()(options);
    expect(await run({ threads: 2, startPool: wrapped })).toMatchObject({ status: 'done', step: 4, threads: 1 });
  });

  test.each([
    ['missing', undefined, /^train: options\.startPool is missing; it must be startWorkers\(\) or startInline\(\)\.$/],
    ['not called', startInline, /^train: startPool is startInline itself; call it, `startPool: startInline\(\)`\.$/],
    ['workers not called', startWorkers, /^train: startPool is startWorkers itself; call it, `startPool: startWorkers/],
    ['text', 'inline', /^train: options\.startPool must be startWorkers\(\) or startInline\(\), got "inline"\.$/],
    ['one that starts nothing', async () => 7, /^train: startPool gave 7 instead of a pool/],
    ['one that throws', () => expect.fail('no threads'), /no threads/],
    ['workers without shared memory', startWorkers(), /^startWorkers: threads need an engine with shared memory/],
  ])('%s is told what is right', async (_, startPool, sentence) => {
    expect(await refusal({ startPool })).toMatch(sentence);
  });

  test('that was started where what starts it should be given is told so, and leaves no failure behind', async () => {
    const started = untyped(startWorkers()(untyped(undefined)));
    expect(await refusal({ startPool: started })).toBe(
      'train: startPool is a promise; give what starts a pool, `startPool: startWorkers()`, without starting it.',
    );
    await expect(started).rejects.toThrow('a pool is started by train, `startPool: startWorkers()`');
    expect(() => startInline(untyped(engine))).toThrow(/^startInline: takes no arguments/);
    expect(() => startWorkers(untyped({ url: 'x' }))).toThrow(/^startWorkers: options has an unknown field "url"/);
    expect(() => startWorkers(untyped({ workerUrl: 7 }))).toThrow(/^startWorkers: options\.workerUrl must be the URL/);
  });
});

test.each([
  [{ thread: 2 }, 'options has an unknown field "thread"; the nearest known one is "threads".'],
  [{ onStep: () => {} }, 'options has an unknown field "onStep"; the nearest known one is'],
  [{ threads: 0 }, 'options.threads must be at least 1, got 0.'],
  [{ threads: 1.5 }, 'options.threads must be a whole number, got 1.5.'],
  [{ threads: Number.NaN }, 'options.threads must be a number, got NaN.'],
  [{ threads: '2' }, 'options.threads must be a number, got "2".'],
  [{ threads: undefined }, 'options.threads is missing; it must be a number.'],
  [{ seed: -1 }, 'options.seed must be at least 0, got -1.'],
  [{ seed: 0.5 }, 'options.seed must be a whole number, got 0.5.'],
  [{ seed: undefined }, 'options.seed is missing; it must be a number.'],
  [{ pauseAt: 3 }, 'options.pauseAt must be an array of steps, or a function that names the next one, got 3.'],
  [{ pauseAt: [1, Number.NaN] }, 'options.pauseAt must be an array of steps'],
  [{ pauseAt: [-1] }, 'options.pauseAt must be an array of steps'],
  [{ pauseAt: () => Number.NaN }, 'pauseAt must name a step, or Infinity for none, got NaN.'],
  [{ pauseAt: () => undefined }, 'pauseAt must name a step, or Infinity for none, got undefined.'],
  [{ pauseAt: () => 1.5 }, 'pauseAt must name a step, or Infinity for none, got 1.5.'],
  [{ observer: () => {} }, 'options.observer must be an object with onStep or onPause, got'],
  [
    { observer: { onstep: () => {} } },
    'options.observer has an unknown field "onstep"; the nearest known one is "onStep".',
  ],
  [{ observer: { onPause: 7 } }, 'options.observer.onPause must be a function, got 7.'],
  [
    { signal: new AbortController() },
    'options.signal must be an AbortSignal (the `signal` of an AbortController), got',
  ],
  [{ engine: loadEngine() }, 'engine is a promise; write `await loadEngine()`.'],
  [{ engine: undefined }, 'engine must be what `await loadEngine()` gives, got undefined.'],
  [{ experiment: JSON.stringify(JSON_OF_IT) }, 'experiment is text; pass parseExperiment(JSON.parse(text)).'],
  [{ experiment: JSON_OF_IT }, 'experiment.about is not as parseExperiment leaves it; pass parseExperiment(json)'],
  [{ experiment: undefined }, 'experiment must be what parseExperiment(json) gives, got undefined.'],
  [{ experiment: { name: 'x' } }, 'experiment: model is missing'],
  [{ experiment: Promise.resolve() }, 'experiment must be what parseExperiment(json) gives, got a Promise.'],
])('train with %j is told what is right', async (options, sentence) => {
  const message = await refusal(options);
  expect(message.slice(0, `train: ${sentence}`.length)).toBe(`train: ${sentence}`);
});

test('train of nothing, and models and batches of what has not been read, are told what is right', async () => {
  await expect(train(untyped(undefined))).rejects.toThrow('train: options is missing; it must be an object.');
  await expect(train(untyped(experiment))).rejects.toThrow(/^train: engine must be/);
  expect(() => initialModel(engine, untyped(JSON_OF_IT), 1)).toThrow(/^initialModel: experiment\.about is not as/);
  expect(() => initialModel(untyped(loadEngine()), experiment, 1)).toThrow(/^initialModel: engine is a promise/);
  expect(() => initialModel(engine, experiment, untyped(undefined))).toThrow(/^initialModel: seed is missing/);
  const batch = { task: experiment.task, seed: 1, step: 1, batch: 2, dVocab: 9, length: 12 };
  expect(makeBatch(batch).tokens).toHaveLength(2);
  const wrong: [object, RegExp][] = [
    [{ batches: 3 }, /unknown field "batches"; the nearest known one is "batch"/],
    [{ task: 'repeated' }, /options\.task must be an object, got "repeated"/],
    [{ task: JSON_OF_IT.task }, /options\.task\.distinct is missing/],
    [{ task: { ...experiment.task, kind: 'repeat' } }, /options\.task\.kind must be "repeated"/],
    [{ length: 0 }, /options\.length must be at least 1/],
    [
      { task: { ...experiment.task, distinct: true }, dVocab: 3 },
      /options\.task\.distinct needs 4 different tokens; options\.dVocab is 3/,
    ],
    [
      {
        task: { ...experiment.task, kind: 'varied', periods: [5, 4], heldOutPeriods: [], share: 1, period: undefined },
      },
      /unknown field "period"/,
    ],
  ];
  for (const [change, sentence] of wrong) expect(() => makeBatch(untyped({ ...batch, ...change }))).toThrow(sentence);
});

describe('a saved run', () => {
  const changed = (part: 'weights' | 'm' | 'v', change: (data: Float64Array) => void): TrainingState => {
    const name = 'embed.W_E';
    const { shape, data } = state[part][name]!;
    const copy = Float64Array.from(data);
    change(copy);
    return { ...state, [part]: { ...state[part], [name]: { shape, data: copy } } };
  };
  const reshaped = (): TrainingState => {
    const { data } = state.m['embed.W_E']!;
    return { ...state, m: { ...state.m, 'embed.W_E': { shape: [4, 9], data } } };
  };
  const without = (): TrainingState => {
    const { 'unembed.W_U': _, ...v } = state.v;
    return { ...state, v };
  };

  test('goes on', async () => {
    expect(await run({ resume: state })).toMatchObject({ status: 'done', step: 4 });
  });

  test.each([
    ['no object', () => untyped(7), 'train: resume must be an object, got 7.'],
    ['a field too many', () => ({ ...state, loss: 1 }), 'train: resume has an unknown field "loss"'],
    ['a negative step', () => ({ ...state, step: -1 }), 'train: resume.step must be at least 0, got -1.'],
    ['half a step', () => ({ ...state, step: 1.5 }), 'train: resume.step must be a whole number, got 1.5.'],
    [
      'a step beyond the last',
      () => ({ ...state, step: 9 }),
      'train: the saved run has done 9 steps, this experiment ends',
    ],
    ['another seed', () => ({ ...state, seed: 2 }), 'train: the saved run has seed 2, not 1; resume with its own.'],
    ['another shape', reshaped, 'train: resume.m: embed.W_E has shape [4,9], this model needs [9,4].'],
    ['a tensor too few', without, 'train: the saved run has no unembed.W_U; it is of another model.'],
    [
      'a weight that is none',
      () => changed('weights', (d) => d.fill(Number.NaN, 3)),
      'train: resume.weights: embed.W_E has NaN at element 3',
    ],
    [
      'a negative mean square',
      () => changed('v', (d) => d.fill(-1, 5)),
      'train: resume.v: embed.W_E has -1 at element 5',
    ],
  ])('with %s is refused', async (_, resume, sentence) => {
    expect((await refusal({ resume: resume() })).slice(0, sentence.length)).toBe(sentence);
  });
});

describe('an observer', () => {
  test('that is async after steps is refused, whether its promise fails or not', async () => {
    for (const onStep of [async () => {}, async () => Promise.reject(new Error('x'))])
      expect(await refusal({ observer: { onStep } })).toMatch(
        /^train: observer\.onStep returned a promise.*onPause\.$/,
      );
  });

  test('that throws ends the run with what it threw, in the calling thread and with workers alike', async () => {
    const own = new Error('the disk is full');
    const explode = (): never => {
      throw own;
    };
    for (const options of [
      { observer: { onStep: explode } },
      { observer: { onPause: explode } },
      { observer: { onStep: explode }, engine: shared, threads: 2, startPool: startWorkers() },
    ])
      await expect(run(options)).rejects.toBe(own);
  });

  test('may be an instance of a class with more than what training calls', async () => {
    class Log {
      readonly steps: number[] = [];
      onStep({ step }: { step: number }): void {
        this.steps.push(step);
      }
    }
    const log = new Log();
    await run({ observer: log });
    expect(log.steps).toEqual([1, 2, 3, 4]);
  });
});

test('parts refuse tensors that they cannot read', () => {
  const model = initialModel(engine, experiment, 1);
  const parts = modelParts(model, [[1, 2, 3]]);
  const others = modelParts(model, [[1, 2, 3]]);
  const { weights: w } = parts;
  const x = parts.rows(w.W_E, parts.tokens);
  const q = parts.heads(x, w.blocks[0]!.W_Q);
  const refused: [() => unknown, RegExp][] = [
    [
      () => parts.rows(untyped(undefined), parts.tokens),
      /^rows: table must be a tensor of these parts.*, got undefined/,
    ],
    [() => parts.rows(others.weights.W_E, parts.tokens), /^rows: table must be .*, got one of other parts/],
    [() => parts.rows(w.W_E, untyped([1, 2, 3])), /^rows: index must be the parts' tokens or positions/],
    [() => parts.add(x, q), /^add: b must have shape \[1, 3, 4\], got heads of shape \[1, 3, 1, 4\]/],
    [() => parts.heads(x, w.W_U!), /^heads: weight must have shape \[1, 4, 4\]/],
    [() => parts.attentionScores(q, x), /^attentionScores: k must have shape/],
    [() => parts.mix(q, q), /^mix: pattern must have shape \[1, 1, 3, 3\]/],
    [() => parts.layerNorm(x, w.W_E, null), /^layerNorm: gain must have shape \[4\]/],
    [() => parts.sumHeads(x, w.blocks[0]!.W_O), /^sumHeads: z must have shape/],
    [() => parts.unembed(x, w.W_E), /^unembed: W_U must have shape \[4, 9\]/],
    [() => modelParts(untyped(engine), [[1]]), /^modelParts: model must be a Model/],
  ];
  for (const [call, sentence] of refused) expect(call).toThrow(sentence);
  parts.tokens.data[0] = 99;
  expect(() => parts.rows(w.W_E, parts.tokens)).toThrow('rows: index names row 99; the table has rows 0 to 8.');
});

test('a run too large for its memory is refused with the number and how to make it smaller', async () => {
  const large = parseExperiment({
    ...JSON_OF_IT,
    model: { ...JSON_OF_IT.model, nCtx: 4096, nHeads: 8 },
    training: { ...JSON_OF_IT.training, batch: 8 },
  }) satisfies Experiment;
  expect(await refusal({ engine: shared, experiment: large, threads: 8, startPool: startWorkers() })).toMatch(
    /^Arena: \d+\.\d GiB are needed to train with 8 threads, a model has at most 4\.0 GiB; use fewer threads, a shorter context or a smaller model\.$/,
  );
});
