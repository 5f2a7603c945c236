import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { modelConfig } from '../model/config.ts';
import { parameterCount } from '../model/parameters.ts';
import { ExperimentError, parseExperiment, withSteps } from './experiment.ts';

const PRESETS = new URL('../../presets/', import.meta.url);
const preset = (name: string): Record<string, Record<string, unknown>> =>
  JSON.parse(readFileSync(new URL(`${name}.json`, PRESETS), 'utf8'));
const changed = (part: string, field: string, value: unknown): unknown => {
  const json = preset('varied');
  return { ...json, [part]: { ...json[part], [field]: value } };
};

test('the presets are the six of the lesson, with a reason beside every number', () => {
  const names = readdirSync(PRESETS).map((file) => file.replace('.json', ''));
  expect(names.sort()).toEqual(['hub', 'literal', 'literal-1-layer', 'picture', 'two-heads', 'varied']);
  for (const name of names) {
    const json = preset(name);
    expect(parseExperiment(json).name).toBe(name);
    for (const part of ['model', 'task', 'training'])
      for (const [field, value] of Object.entries(json[part]!))
        if (field !== 'kind')
          expect(String((value as { why?: string }).why).length, `${name}: ${part}.${field}`).toBeGreaterThan(8);
  }
});

test('the presets hold the numbers that docs/results.md was made with', () => {
  const numbers = (name: string): unknown[] => {
    const { model, task, training } = parseExperiment(preset(name));
    return [
      model.nLayers,
      model.positions,
      'period' in task ? task.period : 'periods' in task && task.periods,
      training.steps,
      training.learningRate,
      training.competition,
      training.lossOn,
    ];
  };
  expect(numbers('literal')).toEqual([2, 'standard', 25, 3000, 0.003, 0, 'all']);
  expect(numbers('literal-1-layer')).toEqual([1, 'standard', 25, 1000, 0.003, 0, 'all']);
  expect(numbers('varied')).toEqual([2, 'shortformer', [10, 25], 3000, 0.005, 0, 'all']);
  expect(numbers('two-heads')).toEqual([2, 'shortformer', [10, 25], 600, 0.01, 3, 'predictable']);
});

test('the model of the document has 44,160 parameters, and 384 more with LayerNorm', () => {
  const sizes = { nLayers: 2, nHeads: 4, dModel: 64, dHead: 16, nCtx: 50, dVocab: 64 };
  expect(parameterCount(modelConfig({ ...sizes, normalization: null }))).toBe(44160);
  expect(parameterCount(parseExperiment(preset('literal')).model)).toBe(44544);
});

describe('a config that cannot be run is refused with a sentence that names the field and what to do', () => {
  test.for([
    ['training', 'learningrate', 0.1, /unknown field "learningrate"; the nearest known one is "learningRate"\.$/],
    ['training', 'learningRate', -1, /training\.learningRate must be above 0, got -1/],
    ['training', 'learningRate', '0.1', /training\.learningRate must be a number, got "0.1"/],
    ['training', 'learningRate', undefined, /training\.learningRate is missing/],
    ['training', 'schedule', 'step', /training\.schedule must be "constant" or "linear" or "cosine", got "step"/],
    ['training', 'warmupSteps', 3000, /warmupSteps \(3000\) must be below/],
    ['training', 'competition', 1000, /kills every head/],
    ['model', 'nHeads', 0, /model\.nHeads must be at least 1, got 0/],
    ['model', 'nHeads', 2.5, /model\.nHeads must be a whole number, got 2\.5/],
    ['model', 'positions', 't5', /model\.positions must be .*"shortformer".*got "t5"/],
    ['model', 'nCtx', 20, /block of 25 tokens needs a context of at least 27/],
    ['model', 'mlp', true, /model has an unknown field "mlp"/],
    ['task', 'periods', [25, 10], /put the smaller period first/],
    ['task', 'periods', [10], /task\.periods/],
    ['task', 'kind', 'shuffled', /task.*"repeated", "varied", "random", "scattered" or "data"/],
    ['task', 'maxPrefix', 40, /needs a context of at least/],
    ['task', 'share', 0, /task\.share must be above 0, got 0/],
    ['task', 'share', 1.5, /task\.share must be at most 1, got 1\.5/],
    [
      'training',
      'clamps',
      [{ kind: 'freeze', layer: 2, head: 0 }],
      /^training\.clamps names L2H0; this model has heads L0H0 to L1H3\.$/,
    ],
    [
      'training',
      'clamps',
      [{ kind: 'ablate', layer: 0, head: 4 }],
      /^training\.clamps names L0H4; this model has heads L0H0 to L1H3\.$/,
    ],
    [
      'training',
      'clamps',
      [{ kind: 'hold', layer: 0, head: 0 }],
      /training\.clamps\.0\.kind must be "freeze" or "ablate", got "hold"/,
    ],
    [
      'training',
      'clamps',
      [{ kind: 'freeze', layer: 0, head: 0, fromStep: 0 }],
      /training\.clamps\.0\.fromStep must be at least 1, got 0/,
    ],
    [
      'training',
      'clamps',
      [{ kind: 'freeze', layer: -1, head: 0 }],
      /training\.clamps\.0\.layer must be at least 0, got -1/,
    ],
  ] as const)('%s.%s = %s', ([part, field, value, sentence]) => {
    expect(() => parseExperiment(changed(part, field, value))).toThrow(sentence);
  });

  test('combinations that only make sense together', () => {
    const json = preset('varied') as Record<string, object>;
    const small = { ...json, model: { ...json.model, dVocab: 20 }, task: { ...json.task, distinct: true } };
    expect(() => parseExperiment(small)).toThrow(/distinct needs 25 different tokens; model\.dVocab is 20/);
    const heldOut = Array.from({ length: 16 }, (_, i) => 10 + i);
    expect(() => parseExperiment(changed('task', 'heldOutPeriods', heldOut))).toThrow(/leaves no period/);
    expect(() =>
      parseExperiment({ ...json, task: { kind: 'random' }, training: { ...json.training, lossOn: 'predictable' } }),
    ).toThrow(/nothing is predictable/);
    expect(() => parseExperiment([])).toThrow(/the config/);
    expect(() => withSteps(parseExperiment(json), 50)).toThrow(/warmupSteps/);
  });
});

describe('what would have no effect is refused', () => {
  const clamp = { kind: 'freeze', layer: 0, head: 1, fromStep: 20 };
  test.for<[string, string, unknown, RegExp]>([
    [
      'training',
      'decayed',
      ['*embed.*', '*.weight'],
      /decayed: "\*\.weight" names no weight that this model learns; the nearest/,
    ],
    [
      'training',
      'decayed',
      ['unembed.b_U'],
      /decayed: "unembed\.b_U" names no weight .*the nearest are "unembed\.W_U"/,
    ],
    ['training', 'decayed', [`${'*'.repeat(30)}x`], /decayed: "\*+x" names no weight/],
    ['training', 'decayed', [''], /decayed: "" names no weight/],
    ['training', 'decayed', ['*', '*'], /training\.decayed names "\*" twice; leave one of them out/],
    [
      'training',
      'clamps',
      [{ ...clamp, fromStep: 3001 }],
      /clamps holds L0H1 from step 3001 on, after the last step, 3000/,
    ],
    ['training', 'clamps', [clamp, { ...clamp, kind: 'ablate' }], /training\.clamps names L0H1 twice/],
    ['task', 'heldOutPeriods', [30], /heldOutPeriods names 30, outside of task\.periods \(10 to 25\)/],
    ['task', 'heldOutPeriods', [9, 12, 26], /heldOutPeriods names 9, 26, outside/],
    ['task', 'heldOutPeriods', [12, 12], /heldOutPeriods names 12 twice/],
    ['model', 'rotaryDim', 8, /model\.rotaryDim \(8\) has no effect, since model\.positions is "shortformer"/],
    ['model', 'rotaryBase', 500, /model\.rotaryBase \(500\) has no effect/],
  ])('%s.%s = %j', ([part, field, value, sentence]) => {
    expect(() => parseExperiment(changed(part, field, value))).toThrow(sentence);
  });

  test('beside other fields', () => {
    const json = preset('varied') as Record<string, object>;
    const model = { ...json.model, normalization: null };
    expect(() => parseExperiment({ ...json, model: { ...model, eps: 1e-3 } })).toThrow(/model\.eps \(0\.001\) has no/);
    const share = { ...json, task: { ...json.task, periods: [25, 25], share: 0.5 } };
    expect(() => parseExperiment(share)).toThrow(/task\.share \(0\.5\) has no effect/);
    const alone = {
      ...json,
      model: { ...json.model, nHeads: 1 },
      training: { ...json.training, competition: 1 },
    };
    expect(() => parseExperiment(alone)).toThrow(/training\.competition \(1\) has no effect, since model\.nHeads is 1/);
    const clamped = parseExperiment(changed('training', 'clamps', [clamp]));
    expect(() => withSteps(clamped, 60).training.steps).not.toThrow();
    expect(() =>
      withSteps(parseExperiment({ ...clamped, training: { ...clamped.training, warmupSteps: 0 } }), 19),
    ).toThrow(/clamps holds L0H1 from step 20 on, after the last step, 19/);
  });

  test('but a field at its default is fine, as the record of a run spells it out', () => {
    for (const model of [
      {},
      { normalization: null },
      { dHead: 1 },
      { positions: 'rotary' },
      { tied: true, biases: true },
    ]) {
      const json = preset('varied') as Record<string, object>;
      const experiment = parseExperiment({ ...json, model: { ...json.model, ...model } });
      expect(parseExperiment(JSON.parse(JSON.stringify(experiment)))).toEqual(experiment);
    }
  });
});

test('another number of steps is held to the same bounds', () => {
  const experiment = parseExperiment(preset('varied'));
  expect(withSteps(experiment, 500).training.steps).toBe(500);
  expect(withSteps(experiment, 20_000_000).training.steps).toBe(20_000_000);
  expect(() => withSteps(experiment, 2 ** 53)).toThrow(/training\.steps must be at most 9007199254740991, got/);
  expect(() => withSteps(experiment, 0)).toThrow(/training\.steps must be at least 1, got 0/);
});

test('rotary positions need heads of at least two numbers', () => {
  const json = preset('varied') as Record<string, object>;
  expect(() => parseExperiment({ ...json, model: { ...json.model, positions: 'rotary', dHead: 1 } })).toThrow(
    /^model\.dHead must be at least 2 for rotary positions/,
  );
});

/** Every sentence is short and printable, whatever was in the file. */
const refusal = (json: unknown): string => {
  try {
    parseExperiment(json);
    return '';
  } catch (error) {
    expect(error).toBeInstanceOf(ExperimentError);
    const { message } = error as Error;
    expect(message).toMatch(/^[^\p{Cc}\p{Cs}]{10,500}$/u);
    expect(message).toMatch(/[.]$/);
    expect(message).not.toMatch(/undefined|\[object|Invalid input/);
    return message;
  }
};

test('a refusal stays short, however much was given', () => {
  const json = preset('varied') as Record<string, object>;
  const names = Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => [`name-${i}\u001b`, i]));
  expect(refusal({ ...json, ...names })).toMatch(/unknown fields .* and 19,997 more/);
  expect(refusal({ ...json, model: 'x'.repeat(1e6) })).toMatch(/^model must be an object/);
  expect(refusal({ ...json, training: { ...json.training, decayed: ['\u001b[2J'.repeat(1e4)] } })).toContain(
    'names no',
  );
  const clamps = Array.from({ length: 1e5 }, () => ({ kind: 'freeze', layer: 0, head: 0 }));
  expect(refusal({ ...json, training: { ...json.training, clamps } })).toContain('twice');
  const heldOutPeriods = Array.from({ length: 1e5 }, () => 26);
  expect(refusal({ ...json, task: { ...json.task, heldOutPeriods } })).toMatch(/26, 26, 26 and 99,997 more/);
  const deep = JSON.parse(`${'['.repeat(9000)}${']'.repeat(9000)}`);
  for (const part of ['name', 'model', 'task', 'training']) expect(refusal({ ...json, [part]: deep })).not.toBe('');
});

test('a clamp acts from the first step on unless it says otherwise, and none is the default', () => {
  expect(parseExperiment(preset('varied')).training.clamps).toEqual([]);
  const clamps = [{ kind: 'ablate', layer: 1, head: 3 }];
  const { training } = parseExperiment(changed('training', 'clamps', { value: clamps, why: 'what forms without it?' }));
  expect(training.clamps).toEqual([{ kind: 'ablate', layer: 1, head: 3, fromStep: 1 }]);
});
