// What of an experiment does not go together although every field by itself is fine, and what would have no effect. A field
// at its default is never refused: the record of a run spells out all of them, and is read back.
import { listed, nearest } from '../errors/names.ts';
import { quoted } from '../errors/printable.ts';
import { headLabel, type ModelConfig } from '../model/config.ts';
import { globExpression } from '../model/glob.ts';
import { learnedWeights } from '../model/parameters.ts';
import { periodsOf, type VariedTask } from '../tasks/tasks.ts';
import type { Experiment } from './experiment.ts';
import { ExperimentError } from './experimentError.ts';

const refuse = (sentence: string): never => {
  throw new ExperimentError(sentence);
};

/** Fields of a model, defaults not filled in yet, that mean nothing beside its others. Throws an ExperimentError. */
export function checkModelFields({ positions, normalization, dHead, ...given }: Partial<ModelConfig>): void {
  const { rotaryDim, rotaryBase, eps } = given;
  if (positions === 'rotary' && dHead === 1)
    refuse('model.dHead must be at least 2 for rotary positions, which turn pairs of numbers; got 1.');
  if (positions !== 'rotary' && dHead !== undefined) {
    const usual = dHead - (dHead % 2);
    const field = rotaryDim !== undefined && rotaryDim !== usual ? 'rotaryDim' : 'rotaryBase';
    if (field === 'rotaryDim' || (rotaryBase !== undefined && rotaryBase !== 10000))
      refuse(
        `model.${field} (${given[field]}) has no effect, since model.positions is "${positions}"; leave it out or make them "rotary".`,
      );
  }
  if (normalization === null && eps !== undefined && eps !== 1e-5)
    refuse(
      `model.eps (${eps}) has no effect, since model.normalization is null; leave it out or set normalization to "LN".`,
    );
}

/** Throws an ExperimentError for the first combination that cannot be run or has no effect. */
export function checkCombinations(experiment: Experiment): void {
  checkTask(experiment);
  checkTraining(experiment);
  checkClamps(experiment);
  checkDecayed(experiment);
}

function checkTask({ model, task }: Experiment): void {
  if (task.kind === 'varied') checkPeriods(task);
  const periods = periodsOf(task);
  const longest = periods.at(-1) ?? 0;
  const needed = longest + task.maxPrefix + 2;
  if (longest > 0 && needed > model.nCtx)
    refuse(
      `task: a block of ${longest} tokens${task.maxPrefix ? ` after up to ${task.maxPrefix} others` : ''} needs a context of at least ${needed} for one repeated query; model.nCtx is ${model.nCtx}.`,
    );
  const block = task.kind === 'random' ? model.nCtx : longest;
  if (task.distinct && block > model.dVocab)
    refuse(
      `task.distinct needs ${block} different tokens; model.dVocab is ${model.dVocab}. Raise it or set distinct to false.`,
    );
  if (task.kind === 'random' && task.maxPrefix > 0)
    refuse('task.maxPrefix means nothing for random sequences; leave it out.');
  if (task.kind === 'varied' && task.share < 1 && periods.length === 1)
    refuse(
      `task.share (${task.share}) has no effect, since all sequences have the only period, ${longest}; leave it out or widen task.periods.`,
    );
}

function checkPeriods(task: VariedTask): void {
  const [from, to] = task.periods;
  if (from > to) refuse(`task.periods runs from ${from} down to ${to}; put the smaller period first.`);
  const outside = task.heldOutPeriods.filter((period) => period < from || period > to);
  if (outside.length > 0)
    refuse(
      `task.heldOutPeriods names ${listed(outside.map(String))}, outside of task.periods (${from} to ${to}); hold out periods of that range, or none.`,
    );
  refuseTwice('task.heldOutPeriods', task.heldOutPeriods.map(String));
  if (task.heldOutPeriods.length === to - from + 1)
    refuse('task.heldOutPeriods leaves no period of task.periods to train on; hold fewer out.');
}

function checkTraining({ model, task, training }: Experiment): void {
  if (task.kind === 'random' && training.lossOn === 'predictable')
    refuse('training.lossOn is "predictable", but nothing is predictable in random sequences; use "all".');
  if (training.warmupSteps >= training.steps && training.warmupSteps > 0)
    refuse(`training.warmupSteps (${training.warmupSteps}) must be below training.steps (${training.steps}).`);
  if (training.competition > 0 && model.nHeads === 1)
    refuse(
      `training.competition (${training.competition}) has no effect, since model.nHeads is 1 and the heads of a layer compete; set it to 0 or add heads.`,
    );
  if (training.learningRate * training.competition * (model.nHeads - 1) >= 1)
    refuse(
      `training.competition ${training.competition} at learning rate ${training.learningRate} kills every head in one step; keep (heads − 1) × rate × competition below 1.`,
    );
}

function checkClamps({ model, training: { clamps, steps } }: Experiment): void {
  for (const { layer, head, fromStep } of clamps) {
    const label = headLabel(layer, head);
    if (layer >= model.nLayers || head >= model.nHeads)
      refuse(
        `training.clamps names ${label}; this model has heads L0H0 to ${headLabel(model.nLayers - 1, model.nHeads - 1)}.`,
      );
    if (fromStep > steps)
      refuse(
        `training.clamps holds ${label} from step ${fromStep} on, after the last step, ${steps}; choose an earlier step or leave it out.`,
      );
  }
  refuseTwice(
    'training.clamps',
    clamps.map(({ layer, head }) => headLabel(layer, head)),
  );
}

/** A glob that decays nothing is a slip of the pen: TransformerLens's names are not PyTorch's. */
function checkDecayed({ model, training: { decayed } }: Experiment): void {
  const names = learnedWeights(model);
  for (const glob of decayed) {
    const expression = globExpression(glob);
    if (names.some((name) => expression.test(name))) continue;
    const near = nearest(glob.replace(/[*?]/g, ''), names).map((name) => quoted(name));
    refuse(
      `training.decayed: ${quoted(glob)} names no weight that this model learns; the nearest are ${near.join(', ')}.`,
    );
  }
  refuseTwice(
    'training.decayed',
    decayed.map((glob) => quoted(glob)),
  );
}

function refuseTwice(field: string, names: readonly string[]): void {
  const seen = new Set<string>();
  for (const name of names) {
    if (seen.has(name)) refuse(`${field} names ${name} twice; leave one of them out.`);
    seen.add(name);
  }
}
