// What of an experiment does not go together although every field by itself is fine, and what would have no effect. A field
// at its default is never refused: the record of a run spells out all of them, and is read back.

import { nearest } from '../errors/names.ts';
import { quoted } from '../errors/printable.ts';
import type { ModelConfig } from '../model/config.ts';
import { globExpression } from '../model/glob.ts';
import { headLabel, isGrouped } from '../model/heads.ts';
import { learnedWeights } from '../model/parameters.ts';
import { startTokenOf } from '../tasks/startToken.ts';
import { definitionOf, taskComplaint } from '../tasks/tasks.ts';
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

function checkTask({ model, task, training }: Experiment): void {
  checkStartToken({ model, task });
  const complaint = taskComplaint(task, { dVocab: model.dVocab, length: model.nCtx });
  if (complaint !== null) refuse(complaint);
  if (training.lossOn === 'predictable' && !definitionOf(task).hasPredictable)
    refuse(`training.lossOn is "predictable", but nothing is predictable in ${task.kind} sequences; use "all".`);
}

/** `task.bos` says where the start token comes from; `model.bos` which one it is, alone where data brings its own. */
function checkStartToken({ model, task }: Pick<Experiment, 'model' | 'task'>): void {
  const bos = startTokenOf(task, model);
  if (model.bos === bos) return;
  if (bos !== undefined)
    refuse(
      `model.bos is ${model.bos}, and task.bos puts the last token, ${bos}, in front of every sequence; leave model.bos out.`,
    );
  if (task.kind !== 'data')
    refuse(
      `model.bos (${model.bos}) names a start token that ${task.kind} sequences do not have; set task.bos to true instead.`,
    );
}

function checkTraining({ model, training }: Experiment): void {
  if (training.warmupSteps >= training.steps && training.warmupSteps > 0)
    refuse(`training.warmupSteps (${training.warmupSteps}) must be below training.steps (${training.steps}).`);
  if (training.competition > 0 && isGrouped(model))
    refuse(
      `training.competition (${training.competition}) does not go with model.nKeyValueHeads (${model.nKeyValueHeads}), since heads that compete must not share keys and values; set it to 0 or leave nKeyValueHeads out.`,
    );
  if (training.competition > 0 && model.nHeads === 1)
    refuse(
      `training.competition (${training.competition}) has no effect, since model.nHeads is 1 and the heads of a layer compete; set it to 0 or add heads.`,
    );
  checkCompetitionSteps(training);
  if (training.learningRate * training.competition * (model.nHeads - 1) >= 1)
    refuse(
      `training.competition ${training.competition} at learning rate ${training.learningRate} kills every head in one step; keep (heads − 1) × rate × competition below 1.`,
    );
}

function checkCompetitionSteps({ competition, competitionSteps, steps }: Experiment['training']): void {
  if (competitionSteps == null) return;
  const [from, to] = competitionSteps;
  const text = `training.competitionSteps [${from}, ${to}]`;
  if (competition === 0)
    refuse(`${text} has no effect, since training.competition is 0; leave it out or raise competition.`);
  if (from > to) refuse(`${text} runs backwards; put the first step first.`);
  if (from > steps)
    refuse(
      `${text} begins after the last step, ${steps}, so no head competes; choose an earlier step or set competition to 0.`,
    );
}

function checkClamps({ model, training: { clamps, steps } }: Experiment): void {
  for (const { kind, layer, head, fromStep } of clamps) {
    const label = headLabel(layer, head);
    if (kind === 'freeze' && isGrouped(model))
      refuse(
        `training.clamps freezes ${label}, whose keys and values other heads share (model.nKeyValueHeads is ${model.nKeyValueHeads}); ablate it or leave nKeyValueHeads out.`,
      );
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
