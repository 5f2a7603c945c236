// What passes an exercise, measured on the model that the reader has trained: no stored answers.
import {
  type AuditRecord,
  ablate,
  allHeads,
  type Experiment,
  guessingLoss,
  type HeadIndex,
  headLabel,
  headMarks,
  type Intervention,
  type Model,
  type ModelConfig,
  mean,
  parseExperiment,
  RepeatSet,
} from '@induction-lab/core/browser';
import { drawnVocabulary, firstDrawn, keyBuilder, scannedPeriods, spread } from '@induction-lab/core/internal';
import literal from '@induction-lab/core/presets/literal.json' with { type: 'json' };
import { type ExerciseAnswer, type ExerciseName, type ExerciseResult, WORSE_THAN_GUESSING } from '../protocol.ts';
import { interventionsOf } from './look.ts';

/** The model that an exercise is checked on. `audit` is slow, so it is asked for only where it is needed. */
export interface ExerciseSubject {
  readonly model: Model;
  readonly experiment: Experiment;
  readonly audit: () => AuditRecord;
}

const passed = (sentence: string): ExerciseResult => ({ passed: true, sentence });
const refused = (sentence: string): ExerciseResult => ({ passed: false, sentence });
const nats = (x: number): string => `${x.toFixed(2).replace('-', '−')} nats`;
const labels = (heads: readonly HeadIndex[]): string => heads.map((h) => headLabel(h.layer, h.head)).join(', ');

/** Copying is dead when the loss on the repeat is above half of ln V, the audit's threshold for a solved period. */
const deadAbove = (model: Model): number => guessingLoss(model.config) / 2;

/** Sequences of fresh tokens to measure an answer on, at periods of which not all need be trained on. */
const measure = (model: Model, periods: readonly number[]): RepeatSet =>
  new RepeatSet(model, { sequences: 36, seed: 7, periods });

/** The periods over which the loss of a broken model is averaged. */
const fewPeriods = (model: Model): number[] => spread(scannedPeriods(model.config), 3);
const overPeriods = (model: Model): string => `(mean over periods ${fewPeriods(model).join(', ')})`;

/** Loss on the repeat over a few periods, with some interventions. */
const lossWith = (model: Model, interventions: readonly Intervention[]): number =>
  mean(measure(model, fewPeriods(model)).losses(interventions));

function* subsets(heads: readonly HeadIndex[], size: number, from = 0): Generator<HeadIndex[]> {
  if (size === 0) yield [];
  else
    for (let i = from; i <= heads.length - size; i++)
      for (const rest of subsets(heads, size - 1, i + 1)) yield [heads[i] as HeadIndex, ...rest];
}

/** More heads than this make too many sets to try. */
const MOST_HEADS = 12;

function needsInduction({ audit }: ExerciseSubject): ExerciseResult | null {
  const { verdict } = audit();
  return verdict === 'induction'
    ? null
    : refused(
        `The audit's verdict on this model is "${verdict}". Train preset varied until the loss on the repeat has dropped, and try again.`,
      );
}

const checks: Record<ExerciseName, (subject: ExerciseSubject, answer: ExerciseAnswer) => ExerciseResult> = {
  'previous-token-head': (subject, { heads }) => {
    const wrong = needsInduction(subject);
    if (wrong) return wrong;
    if (heads.length !== 1) return refused('Select one head: click its heatmap.');
    const record = subject.audit();
    const builder = keyBuilder(record);
    if (!builder || headMarks({ audit: record }).get(builder.label) !== 'previous-token head')
      return refused('In this model several heads share the work, so there is no one head to name. Try another seed.');
    const chosen = headLabel(heads[0]!.layer, heads[0]!.head);
    const effect = record.evidence.keySources.find(({ label }) => label === chosen)?.increase.value;
    if (chosen === builder.label)
      return passed(
        `${chosen} it is: taking its output out of the induction heads’ keys costs ${nats(builder.increase.value)}.`,
      );
    return refused(
      effect === undefined
        ? `${chosen} is not in an earlier layer than the heads whose keys it should build.`
        : `${chosen} is not it: without it in the keys the loss changes by ${nats(effect)}. Another head costs far more.`,
    );
  },

  'smallest-set': ({ model }, { look }) => {
    const { config } = model;
    const heads = allHeads(config);
    if (heads.length > MOST_HEADS) return refused(`Use a model of at most ${MOST_HEADS} heads for this exercise.`);
    const limit = deadAbove(model);
    const intact = lossWith(model, []);
    if (intact > limit)
      return refused(`This model does not copy: its loss on the repeat is ${nats(intact)} intact. Train first.`);
    if (look.cuts.length > 0) return refused('Restore the paths: this exercise is about removing heads.');
    const chosen = look.ablated;
    if (chosen.length === 0) return refused('Nothing is removed yet: switch heads off below their heatmaps.');
    const set = measure(model, fewPeriods(model));
    const lossWithout = (removed: readonly HeadIndex[]): number => mean(set.losses(ablate(config, removed, look.kind)));
    const loss = lossWithout(chosen);
    if (loss <= limit)
      return refused(
        `Without ${labels(chosen)} the loss is ${nats(loss)} ${overPeriods(model)}; copying is dead above ${nats(limit)}.`,
      );
    for (let size = 1; size < chosen.length; size++)
      for (const smaller of subsets(heads, size))
        if (lossWithout(smaller) > limit)
          return refused(`That kills it (${nats(loss)}), but a set of ${size} is enough. Which?`);
    return passed(
      `Without ${labels(chosen)} the loss rises from ${nats(intact)} to ${nats(loss)} ${overPeriods(model)}, and no smaller set does it: every one was tried.`,
    );
  },

  'one-data-knob': ({ experiment, audit }) => {
    const start = parseExperiment(literal);
    const changed = changedKnobs(start, experiment);
    if (changed.length === 0)
      return refused('This is preset literal, unchanged. Turn one knob of the data and train again.');
    const other = changed.find((name) => !name.startsWith('task.'));
    if (other) return refused(`${other} differs from preset literal; only one knob of the data may.`);
    if (changed.length > 1) return refused(`${changed.join(' and ')} differ from preset literal; one knob is enough.`);
    const { verdict, sentence } = audit();
    return verdict === 'induction'
      ? passed(`With ${changed[0]} changed the same model learns induction. ${sentence}`)
      : refused(`The verdict is "${verdict}". ${sentence} Perhaps another knob, a wider range or more steps?`);
  },

  unmask: ({ model, audit }, { look }) => {
    const { verdict } = audit();
    if (verdict !== 'positional shortcut')
      return refused(
        `The verdict on this model is "${verdict}", so there is no shortcut to unmask. Train preset literal.`,
      );
    if (look.tokens || look.period === 0) return refused('Use the period slider: choose a repeat that gives it away.');
    if (look.ablated.length + look.cuts.length > 0)
      return refused('Restore the model first: an intact model must fail.');
    const { config } = model;
    const loss = mean(measure(model, [look.period]).clean);
    const chance = guessingLoss(config);
    return loss > WORSE_THAN_GUESSING * chance
      ? passed(`At period ${look.period} it pays ${nats(loss)}: worse than the ${nats(chance)} of knowing nothing.`)
      : refused(
          `At period ${look.period} it pays ${nats(loss)}, hardly more than guessing (${nats(chance)}) or less: that does not give it away.`,
        );
  },

  'cut-the-path': (subject, { look }) => {
    const wrong = needsInduction(subject);
    if (wrong) return wrong;
    const { model } = subject;
    if (look.ablated.length > 0) return refused('Restore the heads: this exercise is about paths.');
    if (look.cuts.length !== 1) return refused('Cut exactly one of the three paths.');
    const path = look.cuts[0]!.toUpperCase();
    const loss = lossWith(model, interventionsOf(model.config, look));
    return loss > deadAbove(model)
      ? passed(`Without layer 0 in its ${path} input the copying is dead: ${nats(loss)}. That is ${path}-composition.`)
      : refused(`Without layer 0 in its ${path} input the loss is ${nats(loss)}: this path is not the one.`);
  },
};

/** The sizes without the start token, which is a knob of the data. */
const withoutStart = ({ bos, ...model }: ModelConfig): object => ({
  ...model,
  nCtx: model.nCtx - firstDrawn({ bos }),
  dVocab: drawnVocabulary({ dVocab: model.dVocab, bos }),
});

/** The knobs in which an experiment differs from another, the number of steps apart. */
function changedKnobs(from: Experiment, to: Experiment): string[] {
  const differs = (a: unknown, b: unknown): boolean => JSON.stringify(a) !== JSON.stringify(b);
  const task: string[] = [];
  const range = ({ task: t }: Experiment): unknown =>
    t.kind === 'varied' ? t.periods : t.kind === 'repeated' ? [t.period, t.period] : null;
  const fieldOf = (task: object, field: string): unknown => (task as Record<string, unknown>)[field];
  if (differs(range(from), range(to))) task.push('task.periods');
  for (const field of ['distinct', 'maxPrefix', 'bos'] as const)
    if (differs(fieldOf(from.task, field), fieldOf(to.task, field))) task.push(`task.${field}`);
  const partOf = ({ model, training }: Experiment, part: 'model' | 'training'): object =>
    part === 'training' ? training : withoutStart(model);
  const rest = (['model', 'training'] as const).flatMap((part) =>
    Object.keys(partOf(from, part))
      .filter((field) => field !== 'steps')
      .filter((field) => differs(fieldOf(partOf(from, part), field), fieldOf(partOf(to, part), field)))
      .map((field) => `${part}.${field}`),
  );
  return [...task, ...rest];
}

/** Checks an answer on the reader's own model. */
export const checkExercise = (name: ExerciseName, subject: ExerciseSubject, answer: ExerciseAnswer): ExerciseResult =>
  checks[name](subject, answer);
