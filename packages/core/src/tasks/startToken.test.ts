// A start token stands in front of every sequence and nowhere else, whatever the task; all else is as without it, one on.
import { describe, expect, test } from 'vitest';
import { NO_TARGET } from '../engine/targets.ts';
import { moduleData } from '../training/data/moduleSource.ts';
import { tableData } from '../training/data/tableSource.ts';
import { parseExperiment } from '../training/experiment.ts';
import { sourceOf } from '../training/sourceOf.ts';
import { makeBatch } from './makeBatch.ts';
import { type TaskSource, taskSource } from './source.ts';
import type { Task } from './tasks.ts';

const blocks = { distinct: false, maxPrefix: 4 };
const TASKS: Record<string, Task> = {
  repeated: { kind: 'repeated', period: 7, ...blocks },
  'repeated, distinct, held-out tokens': {
    ...{ kind: 'repeated', period: 7, distinct: true, maxPrefix: 3 },
    heldOutTokens: [0, 9],
  },
  varied: { kind: 'varied', periods: [5, 11], share: 1, heldOutPeriods: [8], heldOutStarts: [0], ...blocks },
  random: { kind: 'random', distinct: false, maxPrefix: 0 },
  scattered: { kind: 'scattered', pairs: 4, distinct: true },
};
const [dVocab, length, batch] = [31, 29, 13];
const drawn = { seed: 3, step: 17, batch };

describe.for(Object.entries(TASKS))('%s', ([, task]) => {
  const behind = makeBatch({ task: { ...task, bos: true }, ...drawn, dVocab, length });
  const alone = makeBatch({ task, ...drawn, dVocab: dVocab - 1, length: length - 1 });

  test('the last token stands in front, and behind it what the task draws from one token and one position fewer', () => {
    expect(behind.tokens.map((sequence) => [...sequence])).toEqual(
      alone.tokens.map((sequence) => [dVocab - 1, ...sequence]),
    );
    for (const sequence of behind.tokens) expect(sequence.indexOf(dVocab - 1, 1)).toBe(-1);
  });

  test('places and segments lie one position further on', () => {
    const moved = (x: unknown): unknown => JSON.parse(JSON.stringify(x, (_, y) => (typeof y === 'number' ? y + 1 : y)));
    expect(behind.segments).toEqual(moved(alone.segments));
    behind.places.forEach((place, s) => {
      const before = alone.places[s]!;
      if ('start' in place && 'start' in before) expect(place).toEqual({ ...before, start: before.start + 1 });
      else expect(place).toEqual(moved(before));
    });
  });

  test.for(['all', 'predictable'] as const)('as many queries are trained on as are counted: %s', (lossOn) => {
    const source = (bos: boolean, less: number): TaskSource =>
      taskSource({ task: { ...task, bos }, seed: 3, dVocab: dVocab - less, length: length - less, batch, lossOn });
    const [with_, without] = [source(true, 0), source(false, 1)];
    let trained = 0;
    let first = 0;
    for (let s = 0; s < batch; s++) {
      const [tokens, targets] = [new Int32Array(length), new Int32Array(length)];
      with_.fill(17, s, tokens, targets);
      trained += targets.filter((target) => target >= 0).length;
      first += Number(targets[0]! >= 0);
      expect(targets[0]).not.toBe(NO_TARGET); // measured at least
      const [less, lessTargets] = [new Int32Array(length - 1), new Int32Array(length - 1)];
      without.fill(17, s, less, lessTargets);
      expect([...targets.subarray(1)]).toEqual([...lessTargets]);
    }
    expect(with_.counted(17)).toBe(trained);
    expect(first).toBe(lossOn === 'all' || task.kind === 'random' ? batch : 0);
    expect(with_.counted(17)).toBe(without.counted(17) + first);
  });
});

const sizes = { nLayers: 2, nHeads: 2, dModel: 8, dHead: 4, positions: 'rotary', normalization: 'LN' };
const experiment = (
  task: object,
  changes: { model?: object; training?: object } = {},
): ReturnType<typeof parseExperiment> =>
  parseExperiment({
    name: 'small',
    model: { ...sizes, nCtx: 13, dVocab: 8, ...changes.model },
    task,
    training: { steps: 2, batch: 3, learningRate: 0.01, ...changes.training },
  });

describe('an experiment', () => {
  test('with task.bos has the start token in its model, also when its record is read back', () => {
    const parsed = experiment({ kind: 'repeated', period: 5, bos: true });
    expect(parsed.model.bos).toBe(7);
    expect(parseExperiment(JSON.parse(JSON.stringify(parsed)))).toEqual(parsed);
  });

  test('without it has neither field: its record is what it was', () => {
    const { model, task } = experiment({ kind: 'repeated', period: 5 });
    expect('bos' in model || 'bos' in task).toBe(false);
  });

  test.each<[object, object, RegExp]>([
    [
      { kind: 'repeated', period: 11, bos: true },
      {},
      /needs a context of at least 14 .*nCtx is 13, one of them for the start token\.$/,
    ],
    [
      { kind: 'repeated', period: 8, distinct: true, bos: true },
      {},
      /^task\.distinct needs 8 different tokens; model\.dVocab is 8, one of them for the start token\./,
    ],
    [
      { kind: 'repeated', period: 5, heldOutTokens: [7], bos: true },
      {},
      /^task\.heldOutTokens names 7, outside of the vocabulary \(0 to 6\)/,
    ],
    [
      { kind: 'scattered', pairs: 3, bos: true },
      { model: { nCtx: 12 } },
      /at least 13, .*nCtx is 12, one of them for the start token/,
    ],
    [{ kind: 'repeated', period: 5, bos: 'yes' }, {}, /task\.bos/],
    [
      { kind: 'repeated', period: 5, bos: true },
      { model: { bos: 3 } },
      /^model\.bos is 3, and task\.bos puts the last token, 7, in front/,
    ],
    [
      { kind: 'repeated', period: 5 },
      { model: { bos: 7 } },
      /^model\.bos \(7\) names a start token that repeated sequences do not have; set task\.bos/,
    ],
    [{ kind: 'data' }, { model: { bos: 8 } }, /bos must be a token of the vocabulary, from 0 to 7, got 8/],
  ])('%j %j is refused', (task, changes, sentence) => {
    expect(() => experiment(task, changes)).toThrow(sentence);
  });
});

describe('data', () => {
  const table = (sequences: number[][]) => {
    const tokens = Int32Array.from(sequences.flat());
    const starts = Float64Array.from([0, ...sequences.map((_, i) => sequences.slice(0, i + 1).flat().length)]);
    return { tokens, starts, called: { part: 'sequence', of: 'test' } as const };
  };

  test('of sequences and of a module stands behind the start token', () => {
    const parsed = experiment({ kind: 'data', bos: true });
    const asked: unknown[] = [];
    const module = {
      sequence: (request: { dVocab: number; length: number }) => {
        asked.push([request.dVocab, request.length]);
        return { tokens: [1, 2, 1, 2], segments: { all: [0, 3] as const } };
      },
      segments: ['all'],
    };
    for (const data of [tableData(table([[1, 2, 1, 2]])), moduleData(module)]) {
      const source = sourceOf({ experiment: parsed, seed: 1 }, data);
      const [tokens, targets] = [new Int32Array(13), new Int32Array(13)];
      expect(source.fill(1, 0, tokens, targets)).toMatchObject({ length: 5, segments: [[[1, 4]]] });
      expect([...tokens.subarray(0, 5)]).toEqual([7, 1, 2, 1, 2]);
      expect([...targets.subarray(0, 5)]).toEqual([1, 2, 1, 2, NO_TARGET]);
      expect(source.counted(1)).toBe(3 * 4);
    }
    expect(asked[0]).toEqual([7, 12]);
  });
});
