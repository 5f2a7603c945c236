import { describe, expect, test } from 'vitest';
import { handBuiltInduction } from '../examples/handBuiltInduction.ts';
import { loadEngine } from '../node.ts';
import { headScores } from './attention/headScores.ts';
import { ablationEffects } from './causal/ablation.ts';
import { activationPatching } from './causal/activationPatching.ts';
import { periodsToMeasure } from './causal/effectPeriods.ts';
import { pathTable } from './causal/pathTable.ts';
import { audit } from './claims/audit.ts';
import { measureCheckpoint } from './claims/dynamics.ts';
import { prove } from './claims/prove.ts';
import { corruptedPair } from './data/corruption.ts';
import { RepeatSet } from './data/repeatSet.ts';
import { type OnProgress, Progress } from './progress.ts';
import { compositionScores } from './weights/composition.ts';
import { headCircuits } from './weights/headCircuits.ts';
import { WeightCircuits } from './weights/weightCircuits.ts';

const engine = await loadEngine({ exact: true });
const model = handBuiltInduction(engine, { dVocab: 7, nCtx: 14 });
const circuits = new WeightCircuits(model.config, model.getWeights());
const set = new RepeatSet(model, { sequences: 4, seed: 0, periods: [4, 7] });
const pair = corruptedPair({ config: model.config, count: 2, seed: 0 }, 5, 'break-repeat');
const record = audit(model, { sequences: 2 });

const analyses: Record<string, (onProgress: OnProgress) => unknown> = {
  audit: (onProgress) => audit(model, { sequences: 2, onProgress }),
  prove: (onProgress) => prove(model, { sequences: 4, audit: record, onProgress }),
  headScores: (onProgress) => headScores(model, { sequences: 2, onProgress }),
  ablationEffects: (onProgress) => ablationEffects(model, { set, onProgress }),
  'ablationEffects on a set of its own': (onProgress) => ablationEffects(model, { sequences: 2, onProgress }),
  pathTable: (onProgress) => pathTable(model, { set, onProgress }),
  activationPatching: (onProgress) => activationPatching(model, pair, { onProgress }),
  measureCheckpoint: (onProgress) => measureCheckpoint(model, { step: 0, sequences: 2, onProgress }),
  periodsToMeasure: (onProgress) => periodsToMeasure(model, { seed: 0, count: 2, onProgress }),
  headCircuits: (onProgress) => headCircuits(circuits, { onProgress }),
  compositionScores: (onProgress) => compositionScores(circuits, { draws: 5, onProgress }),
};

describe.for(Object.entries(analyses))('the progress of %s', ([, analyse]) => {
  const calls: [done: number, total: number][] = [];
  analyse((done, total) => calls.push([done, total]));

  test('never falls, stays below the total, and ends with all of it done', () => {
    expect(calls.length).toBeGreaterThan(3);
    let before = 0;
    const wrong = calls.filter(([done, total], i) => {
      const falls = done < before;
      before = done;
      return falls || (i < calls.length - 1 ? total <= done : total !== done);
    });
    expect(wrong).toEqual([]);
  });

  test('expects at the start about what it is in the end', () => {
    const [first, last] = [calls[0]![1], calls.at(-1)![1]];
    expect(last / first).toBeGreaterThan(0.3);
    expect(last / first).toBeLessThan(3);
  });

  test('ends the analysis by throwing, and the model runs as before', () => {
    const before = model.run(pair.clean).lossPerPosition;
    for (const after of [1, Math.ceil(calls.length / 2)]) {
      let count = 0;
      const cancel = (): void => {
        count++;
        if (count === after) throw new Error('cancelled');
      };
      expect(() => analyse(cancel)).toThrow('cancelled');
      expect(count).toBe(after);
      expect(model.run(pair.clean).lossPerPosition).toEqual(before);
    }
  });
});

test('watching changes no result, and a cancelled set tells nobody afterwards', () => {
  const told: number[] = [];
  const watched = ablationEffects(model, { set, onProgress: (done) => told.push(done) });
  const heard = told.length;
  expect(ablationEffects(model, { set })).toEqual(watched);
  expect(told).toHaveLength(heard);
});

test('the part of a whole that takes longer than expected moves the total, never what is done', () => {
  const calls: [number, number][] = [];
  const progress = new Progress((done, total) => calls.push([done, total]), 30);
  const part = progress.part(10);
  part(5, 10);
  part(10, 40); // three times as much to come
  part(40, 40);
  progress.add(20);
  progress.finish();
  expect(calls).toEqual([
    [5, 30],
    [10, 60],
    [40, 60],
    [60, 61],
    [60, 60],
  ]);
});
