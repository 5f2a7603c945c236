// Data diversity decides: the same model trained on data of different diversity, each setting with several seeds.
import {
  audit,
  type Engine,
  type Experiment,
  Model,
  parseExperiment,
  startInline,
  startWorkers,
  train,
  type Verdict,
} from '@induction-lab/core/node';
import { type RunsBySettingRecord, runsBySettingChart } from '@induction-lab/figures/node';
import { type Draw, figureOptions } from '../figures/drawing.ts';
import { loadPreset } from '../files/presets.ts';

/** One knob turned: how wide the range of periods is, or what share of the sequences has a period drawn from it. */
export interface DiversitySetting {
  readonly sweep: 'width' | 'share';
  /** As an axis shows it: "24–25", "5 %". */
  readonly label: string;
  readonly periods: readonly [number, number];
  readonly share: number;
}

const SHORTEST = [25, 24, 23, 21, 17, 10] as const;
const SHARES = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1] as const;

/** The settings of both sweeps, from none to full diversity; the longest period is 25 throughout. */
export const DIVERSITY_SETTINGS: readonly DiversitySetting[] = [
  ...SHORTEST.map(
    (shortest): DiversitySetting => ({
      sweep: 'width',
      label: shortest === 25 ? '25 only' : `${shortest}–25`,
      periods: [shortest, 25],
      share: 1,
    }),
  ),
  ...SHARES.map(
    (share): DiversitySetting => ({
      sweep: 'share',
      label: `${100 * share} %`,
      periods: [10, 25],
      share,
    }),
  ),
];

/** What one run of the sweep came to. */
export interface DiversityRun {
  readonly sweep: DiversitySetting['sweep'];
  readonly setting: string;
  readonly seed: number;
  readonly verdict: Verdict;
  /** Mean loss on the repeat at the periods unrelated to the best one, nats. */
  readonly otherPeriodLoss: number;
  /** Largest period-free excess of a head. */
  readonly excess: number;
}

/** The preset `varied`, or another experiment of its task, at lr 1e-2 with the data of a setting. */
export function diversityExperiment(
  { label, periods, share }: DiversitySetting,
  steps: number,
  base: Experiment = loadPreset('varied'),
): Experiment {
  return parseExperiment({
    ...base,
    name: `varied, ${label}`,
    task: { ...base.task, periods, share },
    training: { ...base.training, steps, learningRate: 1e-2 },
  });
}

/** Trains and audits one run. */
export async function diversityRun(
  engine: Engine,
  setting: DiversitySetting,
  how: { experiment?: Experiment; seed: number; steps: number; threads: number; signal?: AbortSignal },
): Promise<DiversityRun | null> {
  const { seed, steps, threads, signal } = how;
  const experiment = diversityExperiment(setting, steps, how.experiment);
  const startPool = engine.wasm?.shared ? startWorkers() : startInline();
  const outcome = await train({ engine, experiment, seed, threads, startPool, ...(signal ? { signal } : {}) });
  if (outcome.status === 'stopped') return null;
  const model = new Model(engine, experiment.model);
  model.setWeights(outcome.weights);
  const { verdict, evidence, scores } = audit(model, { seed });
  return {
    sweep: setting.sweep,
    setting: setting.label,
    seed,
    verdict,
    otherPeriodLoss: evidence.otherPeriodLoss,
    excess: Math.max(...scores.heads.map((h) => h.inductionExcess.value)),
  };
}

/** Every run as a dot: the loss at other periods, and the attention that follows the period, for both sweeps. */
export function diversityFigures(runs: readonly DiversityRun[], lnVocab: number): Readonly<Record<string, Draw>> {
  const chart = (sweep: DiversitySetting['sweep'], pick: 'otherPeriodLoss' | 'excess'): Draw | null => {
    const settings = [...new Set(runs.filter((r) => r.sweep === sweep).map((r) => r.setting))];
    if (settings.length === 0) return null;
    const loss = pick === 'otherPeriodLoss';
    const record: RunsBySettingRecord = {
      title: `${loss ? 'Loss at other periods' : 'Attention that follows the period'}, by ${sweep === 'width' ? 'the range of periods' : 'the share of varied sequences'}`,
      xAxis:
        sweep === 'width' ? 'periods in training' : 'share of sequences whose period is drawn from 10–25, the rest 25',
      yAxis: loss ? 'loss on the repeat' : 'largest excess of a head',
      unit: loss ? 'nats' : 'share of attention',
      scale: loss ? 'log' : 'linear',
      ...(loss ? { reference: [{ value: lnVocab, label: 'ln V' }] } : {}),
      groups: settings.map((x) => ({
        x,
        runs: runs
          .filter((r) => r.sweep === sweep && r.setting === x)
          .map((r) => ({ value: r[pick], label: `seed ${r.seed}`, kind: r.verdict })),
      })),
    };
    return (theme, width) => runsBySettingChart(record, figureOptions(theme, width));
  };
  const named = {
    'diversity-width': chart('width', 'otherPeriodLoss'),
    'diversity-width-excess': chart('width', 'excess'),
    'diversity-share': chart('share', 'otherPeriodLoss'),
    'diversity-share-excess': chart('share', 'excess'),
  };
  return Object.fromEntries(Object.entries(named).filter((entry): entry is [string, Draw] => entry[1] !== null));
}
