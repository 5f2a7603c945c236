// From the notebook's one cell of knobs to the five experiments that it runs. Whatever cannot be run is refused here, in
// one sentence that names the knob, before anything has been trained.
import { type Experiment, type Positions, parseExperiment } from '@induction-lab/core/node';
import hubPreset from '@induction-lab/core/presets/hub.json' with { type: 'json' };
import picturePreset from '@induction-lab/core/presets/picture.json' with { type: 'json' };
import variedPreset from '@induction-lab/core/presets/varied.json' with { type: 'json' };

/** Everything that can be turned in the notebook. */
export interface Knobs {
  /** Different tokens. */
  dVocab: number;
  /** Length of the block that is repeated; the context is twice as long. */
  period: number;
  nLayers: number;
  nHeads: number;
  dModel: number;
  /** Positions of the literal run: those that the model cell writes out. */
  positions: 'standard' | 'sinusoidal' | 'none';
  normalization: 'LN' | null;
  steps: number;
  /** Sequences a step, in every run. */
  batch: number;
  learningRate: number;
  weightDecay: number;
  initStd: number;
  /** Steps of the one-layer control. */
  controlSteps: number;
  /** Shortest and longest block of the task that forces the circuit. */
  periods: [number, number];
  variedSteps: number;
  variedLearningRate: number;
  /** Steps of the picture, and of the same data without competition. */
  pictureSteps: number;
  /** How hard the heads of a layer compete in the picture; 0 for not at all. */
  competition: number;
  /** The last step at which they do; 0 for all steps. */
  competitionSteps: number;
}

export interface Experiments {
  readonly literal: Experiment;
  readonly oneLayer: Experiment;
  readonly varied: Experiment;
  readonly picture: Experiment;
  readonly hub: Experiment;
}

const NAMES: readonly (keyof Knobs)[] = [
  ...(['dVocab', 'period', 'nLayers', 'nHeads', 'dModel', 'positions', 'normalization', 'steps', 'batch'] as const),
  ...(['learningRate', 'weightDecay', 'initStd', 'controlSteps', 'periods', 'variedSteps'] as const),
  ...(['variedLearningRate', 'pictureSteps', 'competition', 'competitionSteps'] as const),
];
const POSITIONS: readonly Positions[] = ['standard', 'sinusoidal', 'none'];
/** Shortest block: the audit needs a context of 14 tokens to tell a period from its neighbours. */
const SHORTEST = 7;
/** Steps over which the learning rate of the presets rises. */
const WARM_UP = Math.max(variedPreset.training.warmupSteps.value, picturePreset.training.warmupSteps.value);

/** Raised for knobs that cannot be run. It carries no stack: the sentence is what helps. */
export class KnobError extends Error {
  override readonly name = 'KnobError';

  constructor(sentence: string) {
    super(sentence);
    this.stack = `${this.name}: ${sentence}`;
  }
}

/** Milliseconds that a refusal waits. */
const MOMENT = 20;

/**
 * The five experiments, for a cell. This kernel now and then loses the error of a cell that fails in its first instant and
 * reports one of its own instead; so a refusal waits a moment.
 */
export async function readKnobs(knobs: Knobs): Promise<Experiments> {
  try {
    return experiments(knobs);
  } catch (error) {
    await new Promise((resolve) => setTimeout(resolve, MOMENT));
    throw error;
  }
}

/** The five experiments. Throws a KnobError that says which knob to change, and how. */
export function experiments(knobs: Knobs): Experiments {
  checkKnobs(knobs);
  const { dVocab, period, nLayers, nHeads, dModel, batch, initStd, weightDecay } = knobs;
  const sizes = { nHeads, dModel, dHead: dModel / nHeads, nCtx: 2 * period, dVocab };
  const literal = {
    name: 'literal',
    model: { ...sizes, nLayers, positions: knobs.positions, normalization: knobs.normalization },
    task: { kind: 'repeated', period },
    training: { steps: knobs.steps, batch, learningRate: knobs.learningRate, weightDecay, initStd },
  };
  const oneLayer = {
    ...literal,
    name: 'one layer',
    model: { ...literal.model, nLayers: 1 },
    training: { ...literal.training, steps: knobs.controlSteps },
  };
  const varied = {
    ...variedPreset,
    model: { ...variedPreset.model, ...sizes, nLayers },
    task: { ...variedPreset.task, periods: knobs.periods },
    training: {
      ...variedPreset.training,
      steps: knobs.variedSteps,
      batch,
      learningRate: knobs.variedLearningRate,
      weightDecay,
      initStd,
    },
  };
  const pictured = {
    // The start token is one more of each.
    model: { ...picturePreset.model, ...sizes, nLayers, nCtx: sizes.nCtx + 1, dVocab: dVocab + 1 },
    task: { ...picturePreset.task, periods: knobs.periods },
  };
  const { competition, competitionSteps } = knobs;
  const shared = { steps: knobs.pictureSteps, batch, weightDecay, initStd };
  const picture = {
    ...picturePreset,
    ...pictured,
    training: {
      ...picturePreset.training,
      ...shared,
      competition,
      competitionSteps: competition === 0 || competitionSteps === 0 ? null : [1, competitionSteps],
    },
  };
  const hub = { ...hubPreset, ...pictured, training: { ...hubPreset.training, ...shared } };
  return {
    literal: parse(literal, { steps: 'steps' }),
    oneLayer: parse(oneLayer, { steps: 'controlSteps' }),
    varied: parse(varied, { steps: 'variedSteps', learningRate: 'variedLearningRate' }),
    picture: parse(picture, { steps: 'pictureSteps' }),
    hub: parse(hub, { steps: 'pictureSteps' }),
  };
}

function checkKnobs(knobs: Knobs): void {
  const given = Object.keys(knobs);
  const unknown = given.find((name) => !NAMES.includes(name as keyof Knobs));
  if (unknown) throw new KnobError(`There is no knob "${unknown}"; the knobs are ${NAMES.join(', ')}.`);
  const missing = NAMES.find((name) => !given.includes(name));
  if (missing) throw new KnobError(`The knob "${missing}" is missing; write it back into the cell of knobs.`);
  const { nHeads, dModel, period, positions } = knobs;
  for (const [name, value] of Object.entries({ nHeads, dModel }))
    if (!Number.isInteger(value) || value < 1)
      throw new KnobError(`${name} must be a whole number of at least 1, got ${value}.`);
  if (dModel % nHeads !== 0)
    throw new KnobError(
      `nHeads (${nHeads}) must divide dModel (${dModel}), since every head is dModel / nHeads wide; try nHeads ${nearestDivisor(dModel, nHeads)}, or dModel ${Math.ceil(dModel / nHeads) * nHeads}.`,
    );
  if (!Number.isInteger(period) || period < SHORTEST)
    throw new KnobError(`period must be a whole number of at least ${SHORTEST} for the audit, got ${period}.`);
  checkPeriods(knobs);
  for (const name of ['variedSteps', 'pictureSteps'] as const)
    if (knobs[name] <= WARM_UP)
      throw new KnobError(
        `${name} must be above ${WARM_UP}, the steps over which the learning rate rises first, got ${knobs[name]}.`,
      );
  if (!POSITIONS.includes(positions))
    throw new KnobError(
      `positions must be ${POSITIONS.map((p) => `'${p}'`).join(' or ')}, which the cell of the model writes out, got '${positions}'.`,
    );
}

function checkPeriods({ periods, period, dVocab }: Knobs): void {
  if (!Array.isArray(periods) || periods.length !== 2)
    throw new KnobError(`periods must be [shortest, longest], such as [10, 25], got ${JSON.stringify(periods)}.`);
  const longest = Math.max(...periods);
  if (longest + 2 > 2 * period)
    throw new KnobError(
      `periods goes up to ${longest}, which needs a context of ${longest + 2} tokens; the context is ${2 * period}, twice the period. Lower the end of periods, or raise period.`,
    );
  if (longest > dVocab)
    throw new KnobError(
      `dVocab must be at least ${longest}, the longest of periods, since one run draws the tokens of a block all different; got ${dVocab}.`,
    );
}

/** The divisor of `size` nearest to `wanted`. */
function nearestDivisor(size: number, wanted: number): number {
  const divisors = Array.from({ length: size }, (_, i) => i + 1).filter((d) => size % d === 0);
  return divisors.reduce((best, d) => (Math.abs(d - wanted) < Math.abs(best - wanted) ? d : best));
}

/** Parses an experiment; fields are called by the knobs that set them. */
function parse(json: unknown, knobOf: Readonly<Record<string, string>>): Experiment {
  try {
    return parseExperiment(json);
  } catch (error) {
    const sentence = (error as Error).message.replace(
      /\b(?:model|task|training)\.(\w+)/g,
      (_, field: string) => knobOf[field] ?? field,
    );
    throw new KnobError(`${sentence} Change it in the cell of knobs.`);
  }
}
