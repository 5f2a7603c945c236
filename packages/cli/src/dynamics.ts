// The dynamics of a training run, from the checkpoints in its folder.
import { readdirSync } from 'node:fs';
import {
  type DynamicsPoint,
  decodeCheckpoint,
  type Engine,
  examplePatterns,
  inContextQueries,
  Model,
  measureCheckpoint,
  type PhaseChange,
  phaseChange,
} from '@induction-lab/core/node';
import {
  type DynamicsPanel,
  dynamicsChart,
  type PatternTimelineRecord,
  patternTimeline,
} from '@induction-lab/figures/node';
import { type Draw, figureOptions } from './drawing.ts';
import { badInput } from './errors.ts';
import { readInput } from './files.ts';
import { lossPoints, type RunFolder } from './runFolder.ts';

export interface Dynamics {
  readonly points: readonly DynamicsPoint[];
  readonly phase: PhaseChange;
  /** Queries that the in-context-learning score compares. */
  readonly inContext: { readonly early: number; readonly late: number };
}

/** Measures at most `most` checkpoints of a run, evenly spread over those there are, the first and the last among them. */
export function measureRun(
  engine: Engine,
  folder: RunFolder,
  options: { most: number; sequences?: number; seed?: number },
): Dynamics {
  const { nCtx } = folder.readInfo().experiment.model;
  const points = chosenSteps(folder, options.most).map((step) =>
    measureCheckpoint(modelAt(engine, folder, step), { ...options, step }),
  );
  return {
    points,
    phase: phaseChange(points, lossPoints(folder.readMetrics())),
    inContext: inContextQueries(nCtx),
  };
}

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

function modelAt(engine: Engine, folder: RunFolder, step: number): Model {
  const path = folder.checkpointPath(step);
  const { config, weights } = decodeCheckpoint(readInput(path, 'checkpoint'), path);
  const model = new Model(engine, config);
  model.setWeights(weights);
  return model;
}

/** Both losses, the scores of the heads, the K path, all on one axis of steps; and the stripe being born. */
export function dynamicsFigures(
  name: string,
  dynamics: Dynamics,
  { engine, folder }: { engine: Engine; folder: RunFolder },
): Readonly<Record<string, Draw>> {
  const { points, phase } = dynamics;
  const log = lossPoints(folder.readMetrics());
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
  const { lnVocab } = sizes(folder);
  const panels: DynamicsPanel[] = [
    {
      title: 'Loss in training',
      unit: 'nats',
      reference: { value: lnVocab, label: 'ln V' },
      lines: [
        {
          label: 'first occurrence',
          steps: log.map(({ step }) => step),
          values: log.map(({ lossFirst }) => lossFirst ?? Number.NaN),
          emphasis: true,
        },
        {
          label: 'repeat',
          steps: log.map(({ step }) => step),
          values: log.map(({ lossRepeat }) => lossRepeat),
          emphasis: true,
        },
      ],
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
          panels,
          events: phase.step === null ? [] : [{ step: phase.step, label: `phase change, step ${phase.step}` }],
          xScale: 'log',
        },
        figureOptions(theme, width),
      ),
    'stripe-being-born': timelineFigure(name, dynamics, { engine, folder }),
  };
}

const sizes = (folder: RunFolder): { lnVocab: number; nCtx: number } => {
  const { dVocab, nCtx } = folder.readInfo().experiment.model;
  return { lnVocab: Math.log(dVocab), nCtx };
};

/** Patterns of two heads at six checkpoints around the phase change, or spread over the run where there was none. */
function timelineFigure(
  name: string,
  { points, phase }: Dynamics,
  { engine, folder }: { engine: Engine; folder: RunFolder },
): Draw {
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
  const period = Math.floor(sizes(folder).nCtx / 2);
  const examples = steps.map((step) => examplePatterns(modelAt(engine, folder, step), { period }));
  const record: PatternTimelineRecord = {
    title: `${name}: the stripe being born, period ${period}`,
    size: examples[0]!.tokens.length,
    heads,
    steps,
    patterns: heads.map(({ label }) => examples.map((e) => e.heads.find((h) => h.label === label)!.pattern)),
    stripe: { offset: period - 1, fromQuery: period, toQuery: 2 * period - 2 },
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
