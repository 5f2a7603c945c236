// What passes each exercise and what does not, on the models of one seed: three of the seeds are tried by the slow tests,
// one by the fast ones.

import { keyBuilder } from '@induction-lab/core/internal';
import {
  type AuditRecord,
  allHeads,
  audit,
  type Experiment,
  headLabel,
  loadEngine,
  Model,
  type NamedWeights,
  parseExperiment,
} from '@induction-lab/core/node';
import { beforeAll, describe, expect, test } from 'vitest';
import type { ExerciseName, Look } from '../src/protocol.ts';
import { experimentOf, type Setting, turn } from '../src/setting.ts';
import { checkExercise } from '../src/worker/exercises.ts';
import { statesOf } from './states.ts';

export const whole: Look = { period: 17, tokens: null, ablated: [], kind: 'zero', cuts: [], step: null };
/** As in the page: the same bits on every machine, so that what texts say of a seed holds everywhere. */
export const engine = await loadEngine({ exact: true });

export interface Trained {
  readonly model: Model;
  readonly experiment: Experiment;
  readonly record: AuditRecord;
}

/** As far as the page would train it: the schedule of the learning rate is the whole run's. */
async function trained(setting: Setting, steps: number): Promise<Trained> {
  const experiment = parseExperiment(experimentOf(setting));
  const model = new Model(engine, experiment.model);
  const states = await statesOf(engine, experiment, { seed: setting.seed, steps: [steps] });
  model.setWeights(states.get(steps) as NamedWeights);
  return { model, experiment, record: audit(model, { sequences: 32 }) };
}

export const check = (
  on: Trained,
  name: ExerciseName,
  look: Partial<Look> = {},
  heads: Look['ablated'] = [],
): boolean => {
  const subject = { model: on.model, experiment: on.experiment, audit: () => on.record };
  return checkExercise(name, subject, { heads, look: { ...whole, ...look } }).passed;
};

/** Right answers pass and wrong ones are refused, whatever the seed. */
export function exercisesOfSeed(seed: number): void {
  describe(`seed ${seed}`, () => {
    let circuit: Trained;
    let shortcut: Trained;
    let oneKnob: Trained;
    const literal: Setting = { preset: 'literal', seed, turned: {} };
    beforeAll(async () => {
      circuit = await trained({ preset: 'two-heads', seed, turned: {} }, 300);
      shortcut = await trained(literal, 200);
      oneKnob = await trained(turn(literal, { shortest: 10 }), 320);
    }, 240_000);

    test('only the head that builds the keys is the previous-token head', () => {
      const builder = keyBuilder(circuit.record)?.label;
      const passing = allHeads(circuit.model.config).filter((head) =>
        check(circuit, 'previous-token-head', {}, [head]),
      );
      expect(passing.map(({ layer, head }) => headLabel(layer, head))).toEqual([builder]);
      expect(check(circuit, 'previous-token-head')).toBe(false);
      expect(check(shortcut, 'previous-token-head', {}, [{ layer: 0, head: 0 }])).toBe(false);
    });

    test('only a smallest set passes as one', () => {
      const heads = allHeads(circuit.model.config);
      const builder = heads.find((h) => headLabel(h.layer, h.head) === keyBuilder(circuit.record)?.label)!;
      const quiet = heads.find((h) => h.layer === 0 && h !== builder)!;
      expect(check(circuit, 'smallest-set', { ablated: [builder] })).toBe(true);
      expect(check(circuit, 'smallest-set', { ablated: [builder, quiet] })).toBe(false);
      expect(check(circuit, 'smallest-set', { ablated: [quiet] })).toBe(false);
      expect(check(circuit, 'smallest-set', { ablated: [] })).toBe(false);
      expect(check(circuit, 'smallest-set', { ablated: heads })).toBe(false);
    });

    test('a range of periods alone turns the shortcut into induction', () => {
      expect(oneKnob.record.verdict).toBe('induction');
      expect(check(oneKnob, 'one-data-knob')).toBe(true);
      expect(check(shortcut, 'one-data-knob')).toBe(false); // nothing was changed
      expect(check(circuit, 'one-data-knob')).toBe(false); // far more was changed
      const alsoModel = {
        ...oneKnob.experiment,
        model: { ...oneKnob.experiment.model, positions: 'shortformer' as const },
      };
      expect(check({ ...oneKnob, experiment: alsoModel }, 'one-data-knob')).toBe(false);
      const distinct = parseExperiment(experimentOf(turn(literal, { distinct: true })));
      expect(check({ ...shortcut, experiment: distinct }, 'one-data-knob')).toBe(false); // the wrong knob
    });

    test('only a period at which it fails unmasks the shortcut', () => {
      expect(shortcut.record.verdict).toBe('positional shortcut');
      expect([13, 17, 20].map((period) => check(shortcut, 'unmask', { period }))).toEqual([true, true, true]);
      expect(check(shortcut, 'unmask', { period: 25 })).toBe(false);
      expect(check(shortcut, 'unmask', { period: 17, ablated: [{ layer: 0, head: 0 }] })).toBe(false);
      expect(check(circuit, 'unmask', { period: 17 })).toBe(false);
    });

    test('only the keys are the path that matters', () => {
      expect(check(circuit, 'cut-the-path', { cuts: ['k'] })).toBe(true);
      expect(check(circuit, 'cut-the-path', { cuts: ['q'] })).toBe(false);
      expect(check(circuit, 'cut-the-path', { cuts: ['v'] })).toBe(false);
      expect(check(circuit, 'cut-the-path', { cuts: ['q', 'k'] })).toBe(false);
      expect(check(shortcut, 'cut-the-path', { cuts: ['k'] })).toBe(false);
    });
  });
}
