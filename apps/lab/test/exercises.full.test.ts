// On models of one seed: the exercises take right answers and refuse wrong ones (other seeds in the slow tests), and the
// lesson's prepared parts are what the code makes today.
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { allHeads, audit, type Experiment, Model, parseExperiment } from '@induction-lab/core/node';
import { beforeAll, describe, expect, test } from 'vitest';
// @ts-expect-error a script without types
import { prepare } from '../build/lessonFigures.mjs';
// @ts-expect-error a script without types
import { lessonStates } from '../build/lessonStates.mjs';
import { LESSON_STATES } from '../src/lab/lessonStates.ts';
import type { Look } from '../src/protocol.ts';
import { experimentOf, type PresetName } from '../src/setting.ts';
import { lookAt } from '../src/worker/look.ts';
import { check, engine, exercisesOfSeed, type Trained, whole } from './exerciseChecks.ts';
import { type RunStates, runOf, statesOf } from './states.ts';

/** Runs of whose states several tests ask for some: trained once, up to the last. */
const STEPS: Partial<Record<PresetName, readonly number[]>> = { literal: [200, 400], varied: [600, 1000] };
const runOfPreset = (preset: PresetName, seed: number): Promise<RunStates> => {
  const experiment = parseExperiment(experimentOf({ preset, seed, turned: {} }));
  return runOf(engine, experiment, { seed, steps: STEPS[preset] ?? [] });
};

beforeAll(async () => {
  await runOfPreset('literal', 1);
  await runOfPreset('varied', 1);
}, 240_000);

exercisesOfSeed(1);

test('prepared figures and circuit are not stale', async () => {
  const trained = async (_: unknown, { name, steps, seed }: { name: PresetName; steps: number; seed: number }) => {
    const { states, records } = await runOfPreset(name, seed);
    const points = records.slice(0, steps).map(({ step, segments }) => ({ step, segments }));
    return { weights: states.get(steps), points };
  };
  const root = fileURLToPath(new URL('../../../', import.meta.url));
  const stale: string[] = [];
  for (const [path, text] of (await prepare(trained)) as Map<string, string>)
    if (!existsSync(root + path) || readFileSync(root + path, 'utf8') !== text) stale.push(path);
  expect(stale, 'run npm run lesson:figures and commit what it changes').toEqual([]);
}, 240_000);

test('the states that lesson buttons fetch are what training gives, and every button has one', async () => {
  const trained = async (_: unknown, experiment: Experiment, steps: readonly number[]): Promise<RunStates> =>
    runOf(engine, experiment, { seed: 1, steps });
  const folder = fileURLToPath(new URL('../src/lesson/states/', import.meta.url));
  const made = (await lessonStates(trained)) as Map<string, Uint8Array>;
  const stale = [...made].filter(([name, bytes]) => {
    const there = existsSync(folder + name) ? readFileSync(folder + name) : new Uint8Array();
    return !Buffer.from(there).equals(Buffer.from(bytes));
  });
  expect(
    stale.map(([name]) => name),
    'run npm run lesson:states and commit what it changes',
  ).toEqual([]);
  const names = [...made.keys()].map((name) => name.replace(/-(\d+)\.safetensors$/, ' $1'));
  expect(names.sort()).toEqual([...LESSON_STATES].sort());
}, 600_000);

describe('preset varied with seed 1, as the lesson and the answer key tell it', () => {
  const steps = [600, 1000];
  const states = new Map<number, Trained>();
  beforeAll(async () => {
    const experiment = parseExperiment(experimentOf({ preset: 'varied', seed: 1, turned: {} }));
    for (const [step, weights] of await statesOf(engine, experiment, { seed: 1, steps })) {
      const model = new Model(engine, experiment.model);
      model.setWeights(weights);
      states.set(step, { model, experiment, record: audit(model, { sequences: 32 }) });
    }
  }, 240_000);

  const L0H0 = { layer: 0, head: 0 };
  const L0H1 = { layer: 0, head: 1 };
  /** Loss on the repeat at period 17 with heads switched off. */
  const lossWithout = (step: number, heads: Look['ablated']): number => {
    const { model } = states.get(step) as Trained;
    const known = { step, fingerprint: '', bars: [], chance: { previousToken: 0, induction: 0 } };
    return lookAt(model, { ...whole, ablated: heads }, known).lossRepeat as number;
  };

  test('after 600 steps two heads share the work, after 1000 one does it', () => {
    const intact = lossWithout(600, []);
    for (const head of [L0H0, L0H1]) expect(Math.abs(lossWithout(600, [head]) - intact)).toBeLessThan(0.1);
    expect(lossWithout(600, [L0H0, L0H1])).toBeGreaterThan(intact + 4);
    expect(lossWithout(1000, [L0H0])).toBeGreaterThan(lossWithout(1000, []) + 4);
    expect(lossWithout(1000, [L0H1])).toBeLessThan(lossWithout(1000, []) + 0.1);
  });

  test('one of four induction heads can be spared, all four cannot', () => {
    const layer1 = allHeads(states.get(1000)!.model.config).filter(({ layer }) => layer === 1);
    expect(lossWithout(1000, [layer1[1]!])).toBeLessThan(lossWithout(1000, []) + 0.3);
    expect(lossWithout(1000, layer1)).toBeGreaterThan(4);
  });

  test('after 1000 steps each exercise that starts there has its answer', () => {
    const on = states.get(1000) as Trained;
    expect(check(on, 'previous-token-head', {}, [L0H0])).toBe(true);
    expect(check(on, 'previous-token-head', {}, [L0H1])).toBe(false);
    expect(check(on, 'smallest-set', { ablated: [L0H0] })).toBe(true);
    expect(check(on, 'smallest-set', { ablated: [L0H0, L0H1] })).toBe(false);
    expect((['q', 'k', 'v'] as const).map((cut) => check(on, 'cut-the-path', { cuts: [cut] }))).toEqual([
      false,
      true,
      false,
    ]);
    const early = states.get(600) as Trained;
    expect(check(early, 'previous-token-head', {}, [L0H0])).toBe(false);
    expect(check(early, 'smallest-set', { ablated: [L0H0, L0H1] })).toBe(true);
  });
});
