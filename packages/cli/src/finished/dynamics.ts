// The dynamics of a training run, from the checkpoints in its folder.
import { readdirSync } from 'node:fs';
import { firstDrawn, inContextQueries } from '@induction-lab/core/internal';
import {
  type DynamicsPoint,
  type Engine,
  examplePatterns,
  longestPeriod,
  measureCheckpoint,
  type PhaseChange,
  periodsOf,
  phaseChange,
  type Segment,
} from '@induction-lab/core/node';
import {
  type DynamicsPanel,
  dynamicsChart,
  type PatternTimelineRecord,
  patternTimeline,
} from '@induction-lab/figures/node';
import type { Told } from '../aside/host.ts';
import { badInput } from '../errors.ts';
import { type Draw, figureOptions } from '../figures/drawing.ts';
import { stripeOf } from '../figures/modelFigures.ts';
import { type DrawnOptions, withDrawn } from '../files/drawnTokens.ts';
import { blameCheckpoint } from '../files/loadCheckpoint.ts';
import type { MeasuredFile } from '../files/provenance.ts';
import { type LossPoint, lossPoints, type RunFolder } from '../runs/runFolder.ts';
import { CheckpointModels } from './checkpointModels.ts';

export interface Dynamics {
  /** What was measured, in the order of `points`. */
  readonly checkpoints: readonly (MeasuredFile & { readonly step: number })[];
  readonly points: readonly DynamicsPoint[];
  readonly phase: PhaseChange;
  /** Queries that the in-context-learning score compares. */
  readonly inContext: { readonly early: number; readonly late: number };
}

export interface MeasureRunOptions {
  /** At most so many checkpoints. */
  readonly most: number;
  readonly sequences?: number;
  readonly seed?: number;
  /** What is said of the sequences that the run's models saw, beside their files. */
  readonly drawn?: DrawnOptions;
  readonly onProgress?: Told;
  /** Called after each checkpoint but the last with what there is until then, of how many. */
  readonly onCheckpoint?: (until: Dynamics, of: number) => void;
}

/** What one checkpoint counts as in progress: fine enough for the steps within it. */
const UNITS = 1000;

/** Measures at most `most` checkpoints of a run, evenly spread over those there are, the first and the last among them. */
export function measureRun(engine: Engine, folder: RunFolder, options: MeasureRunOptions): Dynamics {
  const { most, sequences, seed, drawn = {}, onProgress, onCheckpoint } = options;
  const { model: config, task } = folder.readInfo().experiment;
  const steps = chosenSteps(folder, most);
  // Only blocks have the repeat that checkpoints are measured on; elsewhere a segment of that name is something else.
  const log = periodsOf(task).length > 0 ? repeatLosses(lossPoints(folder.readMetrics())) : [];
  const points: DynamicsPoint[] = [];
  const checkpoints: (MeasuredFile & { step: number })[] = [];
  const until = (): Dynamics => ({
    checkpoints: [...checkpoints],
    points: [...points],
    phase: phaseChange(points, log),
    inContext: inContextQueries(config.nCtx - firstDrawn(withDrawn(config, drawn, folder.path))),
  });
  const models = new CheckpointModels(engine, folder, { config, drawn });
  for (const [i, step] of steps.entries()) {
    const { model, path, file } = models.at(step);
    const told: Told = (done, total) =>
      onProgress?.(UNITS * (i + (total > 0 ? done / total : 0)), UNITS * steps.length);
    points.push(
      blameCheckpoint(path, () =>
        measureCheckpoint(model, {
          step,
          onProgress: told,
          ...(sequences === undefined ? {} : { sequences }),
          ...(seed === undefined ? {} : { seed }),
        }),
      ),
    );
    checkpoints.push({ step, ...file });
    told(1, 1);
    if (i < steps.length - 1) onCheckpoint?.(until(), steps.length);
  }
  return until();
}

/** The log of the loss on the repeat of a task of blocks. */
const repeatLosses = (log: readonly LossPoint[]): { step: number; lossRepeat: number }[] =>
  log.flatMap(({ step, segments: { repeat } }) => (typeof repeat === 'number' ? [{ step, lossRepeat: repeat }] : []));

/** Steps whose checkpoints are in the folder, in order. Refuses a run with fewer than two. */
export function checkpointsOf(folder: RunFolder): number[] {
  let names: string[] = [];
  try {
    names = readdirSync(folder.file('checkpoints'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const steps = names.flatMap((name) => /^step-(\d+)\.safetensors$/.exec(name)?.[1] ?? []).map(Number);
  if (steps.length < 2)
    throw badInput(
      `${folder.path} holds ${steps.length === 0 ? 'no checkpoints' : 'one checkpoint'}; dynamics needs two or more, as train writes them.`,
    );
  return steps.sort((a, b) => a - b);
}

function chosenSteps(folder: RunFolder, most: number): number[] {
  const all = checkpointsOf(folder);
  if (all.length <= most) return all;
  return Array.from({ length: most }, (_, i) => all[Math.round((i * (all.length - 1)) / (most - 1))] as number);
}

/** Both losses, the scores of the heads, the K path, all on one axis of steps; and the stripe being born. */
export function dynamicsFigures(
  name: string,
  { points, phase }: Dynamics,
  options: { born: BornStripe; log: readonly LossPoint[]; segments: readonly Segment[]; lnVocab: number },
): Readonly<Record<string, Draw>> {
  const { born, log, segments, lnVocab } = options;
  const steps = points.map(({ step }) => step);
  const labels = points[0]!.heads.map(({ label }) => label);
  const scoreLines = (pick: (head: DynamicsPoint['heads'][number]) => number, emphasised: string | null) =>
    labels.map((label, i) => ({
      label,
      steps,
      values: points.map(({ heads }) => pick(heads[i]!)),
      emphasis: label === emphasised,
    }));
  const last = points.at(-1)!;
  const top = (pick: (head: DynamicsPoint['heads'][number]) => number): string =>
    last.heads.reduce((a, b) => (pick(b) > pick(a) ? b : a)).label;
  const panels: DynamicsPanel[] = [
    {
      title: 'Loss in training',
      unit: 'nats',
      reference: { value: lnVocab, label: 'ln V' },
      lines: segments
        .filter(({ single }) => !single)
        .map(({ name, title }) => ({
          label: title,
          steps: log.map(({ step }) => step),
          values: log.map((point) => point.segments[name] ?? Number.NaN),
          emphasis: true,
        })),
    },
    {
      title: 'Previous-token score of every head',
      unit: 'share of attention',
      domain: [0, 1],
      lines: scoreLines((h) => h.previousToken, phase.previousTokenHead ?? top((h) => h.previousToken)),
    },
    {
      title: 'Attention that follows the period, every head',
      unit: 'share of attention',
      domain: [-0.05, 1],
      lines: scoreLines((h) => h.inductionExcess, phase.inductionHead ?? top((h) => h.inductionExcess)),
    },
  ];
  // At periods that a model never solves, taking a path away says nothing.
  if (last.pathEffects && phase.step !== null)
    panels.push({
      title: 'Loss on the repeat without a path from the earlier layers',
      unit: 'increase, nats',
      lines: (['k', 'q', 'v'] as const).map((input) => ({
        label: input.toUpperCase(),
        steps,
        values: points.map(({ pathEffects }) => pathEffects![input]),
        emphasis: true,
      })),
    });
  return {
    dynamics: (theme, width) =>
      dynamicsChart(
        {
          title: `${name}: training, seen from inside`,
          panels: drawable(panels),
          events: phase.step === null ? [] : [{ step: phase.step, label: `phase change, step ${phase.step}` }],
          xScale: 'log',
        },
        figureOptions(theme, width),
      ),
    'stripe-being-born': timelineFigure(name, born),
  };
}

/** Without lines that never have a value (a task without a first occurrence, a run whose log is gone). */
const drawable = (panels: readonly DynamicsPanel[]): DynamicsPanel[] =>
  panels.flatMap((panel) => {
    const lines = panel.lines.filter(({ values }) => Array.from(values).some(Number.isFinite));
    return lines.length > 0 ? [{ ...panel, lines }] : [];
  });

/** Patterns of some heads along training, on one sequence of two copies. */
export interface BornStripe {
  readonly period: number;
  readonly start: number;
  readonly size: number;
  readonly heads: readonly { readonly label: string; readonly mark?: string }[];
  readonly steps: readonly number[];
  /** [head][step], each [queryPos, keyPos]. */
  readonly patterns: readonly (readonly Float32Array[])[];
}

/** Patterns of two heads at six checkpoints around the phase change, or spread over the run where there was none. */
export function bornStripe(
  engine: Engine,
  folder: RunFolder,
  { points, phase }: Dynamics,
  drawn: DrawnOptions = {},
): BornStripe {
  const { model: config } = folder.readInfo().experiment;
  const last = points.at(-1)!;
  const strongest = last.heads.reduce((a, b) => (b.inductionStripe > a.inductionStripe ? b : a)).label;
  const heads =
    phase.previousTokenHead && phase.inductionHead
      ? [
          { label: phase.previousTokenHead, mark: 'previous-token head' },
          { label: phase.inductionHead, mark: 'induction head' },
        ]
      : [{ label: strongest }];
  const middle = phase.step ?? Math.sqrt(last.step);
  const wanted = [0, middle / 2, middle, 1.5 * middle, 3 * middle, last.step];
  const nearest = (step: number): number =>
    points.reduce((a, b) => (Math.abs(b.step - step) < Math.abs(a.step - step) ? b : a)).step;
  const steps = [...new Set(wanted.map(nearest))];
  const period = longestPeriod(withDrawn(config, drawn, folder.path));
  const models = new CheckpointModels(engine, folder, { config, drawn });
  const examples = steps.map((step) => examplePatterns(models.at(step).model, { period }));
  return {
    period,
    start: examples[0]!.start,
    size: examples[0]!.tokens.length,
    heads,
    steps,
    patterns: heads.map(({ label }) => examples.map((e) => e.heads.find((h) => h.label === label)!.pattern)),
  };
}

function timelineFigure(name: string, { period, start, ...shown }: BornStripe): Draw {
  const record: PatternTimelineRecord = {
    ...shown,
    title: `${name}: the stripe being born, period ${period}`,
    stripe: stripeOf({ period, start })!,
  };
  return (theme, width) => patternTimeline(record, figureOptions(theme, width));
}

/** What happened when, in words. */
export function phaseText({ phase }: Dynamics): string[] {
  const fell = phase.events.some(({ what, step }) => what === 'loss' && step !== null);
  const head =
    phase.step === null
      ? `No phase change: the loss on the repeat ${fell ? 'fell by half, and yet no head’s attention came to follow the period' : 'did not fall by half'}.`
      : `Phase change at step ${phase.step}: the loss on the repeat had fallen by half and some head’s attention followed the period.`;
  return [
    head,
    ...phase.events.map(({ description, step }) => `${step === null ? 'never' : `step ${step}`}: ${description}`),
  ];
}
