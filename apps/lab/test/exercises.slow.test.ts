// How often the exercises have an answer, over seeds: the teachers' page tells it. `npm run test:slow` remakes the table.
import { allHeads, audit, loadEngine, Model, type NamedWeights, parseExperiment } from '@induction-lab/core/node';
import { afterAll, expect, test } from 'vitest';
import { resultTable, writeResults } from '../../../packages/core/test/support/results.ts';
import type { ExerciseName, HeadIndex, Look } from '../src/protocol.ts';
import { experimentOf, type PresetName } from '../src/setting.ts';
import { checkExercise } from '../src/worker/exercises.ts';
import { exercisesOfSeed } from './exerciseChecks.ts';
import { statesOf } from './states.ts';

for (const seed of [2, 3]) exercisesOfSeed(seed); // the first is the fast tests'

const SEEDS = 12;
const engine = await loadEngine({ exact: true });
const whole: Look = { period: 17, tokens: null, ablated: [], kind: 'zero', cuts: [], step: null };

interface Answers {
  /** Some head passes as the one that builds the keys. */
  readonly builder: boolean;
  /** Removing a single head kills the copying. */
  readonly single: boolean;
  /** K is the one path that matters. */
  readonly onlyK: boolean;
  /** Periods that unmask a shortcut. */
  readonly unmasking: readonly number[];
}

function answersOf(preset: PresetName, weights: NamedWeights): Answers {
  const experiment = parseExperiment(experimentOf({ preset, seed: 1, turned: {} }));
  const model = new Model(engine, experiment.model);
  model.setWeights(weights);
  const record = audit(model, { sequences: 32 });
  const passes = (name: ExerciseName, look: Partial<Look>, heads: readonly HeadIndex[] = []): boolean =>
    checkExercise(name, { model, experiment, audit: () => record }, { heads, look: { ...whole, ...look } }).passed;
  const heads = allHeads(model.config);
  const periods = Array.from({ length: 18 }, (_, i) => i + 8);
  return {
    builder: heads.some((head) => passes('previous-token-head', {}, [head])),
    single: heads.some((head) => passes('smallest-set', { ablated: [head] })),
    onlyK:
      (['q', 'k', 'v'] as const).map((cut) => passes('cut-the-path', { cuts: [cut] })).join() === 'false,true,false',
    unmasking: periods.filter((period) => passes('unmask', { period })),
  };
}

const SHORTCUT = 'literal, 400 steps';
const results = new Map<string, Answers[]>();
const add = (what: string, result: Answers): void => void results.set(what, [...(results.get(what) ?? []), result]);

test.for(Array.from({ length: SEEDS }, (_, i) => i + 1))('seed %i', async (seed) => {
  for (const [preset, steps] of [
    ['literal', [400]],
    ['two-heads', [300]],
    ['varied', [1000, 1500]],
  ] as const) {
    const experiment = parseExperiment(experimentOf({ preset, seed, turned: {} }));
    const states = await statesOf(engine, experiment, { seed, steps });
    for (const step of steps) add(`${preset}, ${step} steps`, answersOf(preset, states.get(step) as NamedWeights));
  }
  const two = results.get('two-heads, 300 steps')?.at(-1);
  expect(two, 'where the exercises start').toMatchObject({ builder: true, single: true, onlyK: true });
  expect(results.get(SHORTCUT)?.at(-1)?.unmasking).toEqual([13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24]);
});

afterAll(() => {
  const circuits = new Map([...results].filter(([name]) => name !== SHORTCUT));
  if ([...results.values()].some((answers) => answers.length < SEEDS)) return;
  const count = (pick: (answers: Answers) => boolean) => (all: readonly Answers[]) =>
    `${all.filter(pick).length} of ${all.length}`;
  writeResults('exercises', [
    `${SEEDS} seeds (1 to ${SEEDS}), ${engine.backend} kernels, as in the page.`,
    '',
    ...resultTable<Answers>(
      [
        ['1: one head builds the keys', count((a) => a.builder)],
        ['2: removing a single head is enough', count((a) => a.single)],
        ['5: K is the one path that matters', count((a) => a.onlyK)],
      ],
      circuits,
    ),
    '',
    `Exercise 4, preset \`literal\` after 400 steps: periods 13 to 24, and no others from 8 on, unmask the shortcut in ${count((a) => a.unmasking.join() === '13,14,15,16,17,18,19,20,21,22,23,24')(results.get(SHORTCUT) as Answers[])} seeds.`,
  ]);
});
