import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { modelConfig } from '../model/config.ts';
import { parameterCount } from '../model/parameters.ts';
import { parseExperiment, withSteps } from './experiment.ts';

const PRESETS = new URL('../../presets/', import.meta.url);
const preset = (name: string): Record<string, Record<string, unknown>> =>
  JSON.parse(readFileSync(new URL(`${name}.json`, PRESETS), 'utf8'));
const changed = (part: string, field: string, value: unknown): unknown => {
  const json = preset('varied');
  return { ...json, [part]: { ...json[part], [field]: value } };
};

test('the presets are the four of the lesson, with a reason beside every number', () => {
  const names = readdirSync(PRESETS).map((file) => file.replace('.json', ''));
  expect(names.sort()).toEqual(['literal', 'literal-1-layer', 'two-heads', 'varied']);
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
    ['training', 'learningrate', 0.1, /unknown field "learningrate".*spelling/],
    ['training', 'learningRate', -1, /training\.learningRate must be above 0, got -1/],
    ['training', 'learningRate', '0.1', /training\.learningRate must be a number, got "0.1"/],
    ['training', 'learningRate', undefined, /training\.learningRate is missing/],
    ['training', 'schedule', 'step', /training\.schedule must be "constant" or "linear" or "cosine", got "step"/],
    ['training', 'warmupSteps', 3000, /warmupSteps \(3000\) must be below/],
    ['training', 'competition', 1000, /kills every head/],
    ['model', 'nHeads', 0, /model\.nHeads must be at least 1, got 0/],
    ['model', 'nHeads', 2.5, /model\.nHeads must be/],
    ['model', 'positions', 'alibi', /model\.positions must be .*"shortformer".*got "alibi"/],
    ['model', 'nCtx', 20, /block of 25 tokens needs a context of at least 27/],
    ['model', 'mlp', true, /model has an unknown field "mlp"/],
    ['task', 'periods', [25, 10], /put the smaller period first/],
    ['task', 'periods', [10], /task\.periods/],
    ['task', 'kind', 'shuffled', /task.*"repeated", "varied" or "random"/],
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

test('a clamp acts from the first step on unless it says otherwise, and none is the default', () => {
  expect(parseExperiment(preset('varied')).training.clamps).toEqual([]);
  const clamps = [{ kind: 'ablate', layer: 1, head: 3 }];
  const { training } = parseExperiment(changed('training', 'clamps', { value: clamps, why: 'what forms without it?' }));
  expect(training.clamps).toEqual([{ kind: 'ablate', layer: 1, head: 3, fromStep: 1 }]);
});
