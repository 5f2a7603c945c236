// What is to be trained: a preset, and the knobs that differ from it.
import hub from '@induction-lab/core/presets/hub.json' with { type: 'json' };
import literal from '@induction-lab/core/presets/literal.json' with { type: 'json' };
import oneLayer from '@induction-lab/core/presets/literal-1-layer.json' with { type: 'json' };
import picture from '@induction-lab/core/presets/picture.json' with { type: 'json' };
import twoHeads from '@induction-lab/core/presets/two-heads.json' with { type: 'json' };
import varied from '@induction-lab/core/presets/varied.json' with { type: 'json' };

export const PRESETS = {
  literal,
  'literal-1-layer': oneLayer,
  varied,
  picture,
  hub,
  'two-heads': twoHeads,
} as const;
export type PresetName = keyof typeof PRESETS;
export const presetNames = Object.keys(PRESETS) as PresetName[];

/** The knobs of the bench. */
export interface BenchKnobs {
  readonly layers: number;
  readonly heads: number;
  readonly positions: string;
  readonly layerNorm: boolean;
  /** An MLP behind the attention of each layer, four times as wide as the residual stream. */
  readonly mlp: boolean;
  readonly shortest: number;
  readonly longest: number;
  readonly distinct: boolean;
  /** A start token in front, which the context and the vocabulary count. */
  readonly bos: boolean;
  readonly rate: number;
  readonly batch: number;
  /** How strongly heads of a layer compete, and the last step at which they do; 0 for all steps. */
  readonly competition: number;
  readonly competitionSteps: number;
}

/** Sequences of the reader's own, in place of a task's: no link brings them along. */
export interface OwnData {
  readonly name: string;
  readonly sequences: readonly (readonly number[])[];
  readonly dVocab: number;
  /** Tokens of the longest sequence. */
  readonly nCtx: number;
  /** What tokens stand for; none of tokens that are numbers. */
  readonly words: ReadonlyMap<number, string>;
  /** Equal for equal sequences. */
  readonly hash: string;
}

export interface Setting {
  readonly preset: PresetName;
  readonly seed: number;
  /** BenchKnobs that were turned. */
  readonly turned: Partial<BenchKnobs>;
  readonly data?: OwnData;
}

type Bare = Record<string, unknown>;

/** A preset's values without the reasons beside them. */
function bare(part: Record<string, unknown>): Bare {
  const value = (raw: unknown): unknown =>
    raw !== null && typeof raw === 'object' && 'why' in raw ? (raw as Bare).value : raw;
  return Object.fromEntries(Object.entries(part).map(([field, raw]) => [field, value(raw)]));
}

const parts = (preset: PresetName): { model: Bare; task: Bare; training: Bare } => {
  const { model, task, training } = PRESETS[preset];
  return { model: bare(model), task: bare(task), training: bare(training) };
};

/** Steps that a preset trains for. */
export const stepsOf = (preset: PresetName): number => parts(preset).training.steps as number;

/** The knobs as a preset has them. */
export function presetKnobs(preset: PresetName): BenchKnobs {
  const { model, task, training } = parts(preset);
  const [shortest, longest] = (task.periods ?? [task.period, task.period]) as [number, number];
  return {
    layers: model.nLayers as number,
    heads: model.nHeads as number,
    positions: model.positions as string,
    layerNorm: model.normalization === 'LN',
    mlp: model.dMlp !== undefined,
    shortest,
    longest,
    distinct: task.distinct as boolean,
    bos: task.bos === true,
    rate: training.learningRate as number,
    batch: training.batch as number,
    competition: (training.competition as number | undefined) ?? 0,
    competitionSteps: (training.competitionSteps as number[] | undefined)?.[1] ?? 0,
  };
}

export const knobsOf = ({ preset, turned }: Setting): BenchKnobs => ({ ...presetKnobs(preset), ...turned });

/** The experiment as JSON for core to check. */
export function experimentOf(setting: Setting): Bare & { model: Bare & { dVocab: number; nCtx: number } } {
  const { model, task, training } = parts(setting.preset);
  const knobs = knobsOf(setting);
  const { distinct, shortest, longest, bos, competition, competitionSteps } = knobs;
  const { maxPrefix = 0 } = task;
  const { competitionSteps: _, ...trained } = training;
  const { data } = setting;
  const more = Number(bos) - Number(task.bos === true);
  const changed = Object.keys(setting.turned).length > 0;
  const sizes = data ?? { dVocab: (model.dVocab as number) + more, nCtx: (model.nCtx as number) + more };
  return {
    name: data ? `${setting.preset}, own data` : changed ? `${setting.preset}, changed` : setting.preset,
    model: {
      ...model,
      nLayers: knobs.layers,
      nHeads: knobs.heads,
      positions: knobs.positions,
      normalization: knobs.layerNorm ? 'LN' : null,
      ...(knobs.mlp ? { dMlp: 4 * (model.dModel as number) } : {}),
      dVocab: sizes.dVocab,
      nCtx: sizes.nCtx,
    },
    task: data
      ? { kind: 'data' }
      : {
          ...(bos ? { bos } : {}),
          ...(shortest === longest
            ? { kind: 'repeated', period: shortest, distinct, maxPrefix }
            : { kind: 'varied', periods: [shortest, longest], heldOutPeriods: [], distinct, maxPrefix }),
        },
    training: {
      ...trained,
      ...(data ? { lossOn: 'all' } : {}),
      learningRate: knobs.rate,
      batch: knobs.batch,
      competition,
      ...(competition > 0 && competitionSteps > 0 ? { competitionSteps: [1, competitionSteps] } : {}),
    },
  };
}

/** A setting with a knob turned; a knob turned back to the preset's value counts as untouched. */
export function turn(setting: Setting, change: Partial<BenchKnobs>): Setting {
  const preset = presetKnobs(setting.preset);
  const entries = Object.entries({ ...setting.turned, ...change }) as [keyof BenchKnobs, never][];
  return { ...setting, turned: Object.fromEntries(entries.filter(([name, value]) => preset[name] !== value)) };
}
