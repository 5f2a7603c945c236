// Data diversity decides: the sweep of `induction-lab diversity`, and its runs as the command tells them. sweeps/diversity.json
// is the same sweep as a file.
import type { Verdict } from '@induction-lab/core/node';
import type { Draw } from '../figures/drawing.ts';
import type { OpenSweep } from '../sweeps/folder/openSweep.ts';
import type { Entry } from '../sweeps/jobs/plan.ts';
import { finishedRuns } from '../sweeps/results/finishedRuns.ts';
import { groupRuns } from '../sweeps/results/groupRuns.ts';
import { figuresOf } from '../sweeps/results/sweepFigures.ts';

/** One knob turned: how wide the range of periods is, or what share of the sequences has a period drawn from it. */
export type Knob = 'width' | 'share';

const GRIDS: Readonly<Record<Knob, object>> = {
  width: {
    field: 'task.periods',
    values: [25, 24, 23, 21, 17, 10].map((shortest) => [shortest, 25]),
  },
  share: {
    field: 'task.share',
    values: [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1],
    labels: ['1 %', '2 %', '5 %', '10 %', '20 %', '50 %', '100 %'],
  },
};

export interface DiversityOptions {
  readonly seeds: number;
  readonly steps: number;
  /** Both unless given. */
  readonly sweep?: Knob | undefined;
  /** What is trained in place of the preset `varied`, such as one that is small enough for a test. */
  readonly experiment?: object | undefined;
}

/** The sweep as its file would hold it. */
export const diversitySweep = ({ seeds, steps, sweep, experiment }: DiversityOptions): object => ({
  name: 'diversity',
  about:
    'How varied must the data be for the circuit to form? One knob turned at a time: how wide the range of periods is, and what share of the sequences has a period drawn from it.',
  ...(experiment ? { experiment } : { preset: 'varied' }),
  set: { 'training.steps': steps, 'training.learningRate': 0.01 },
  grids: (Object.keys(GRIDS) as Knob[])
    .filter((knob) => sweep === undefined || knob === sweep)
    .map((knob) => ({ name: knob, axes: [GRIDS[knob]] })),
  seeds,
});

/** What one run of the sweep came to. */
export interface DiversityRun {
  readonly sweep: Knob;
  /** Where the knob stands: "24–25", "5 %". */
  readonly setting: string;
  readonly seed: number;
  readonly verdict: Verdict;
  /** Mean loss on the repeat at the periods unrelated to the best one, nats. */
  readonly otherPeriodLoss: number;
  /** Largest period-free excess of a head. */
  readonly excess: number;
}

/** A run of the sweep that is done. */
export function diversityRun({ folder, points }: OpenSweep, { job, point, seed }: Entry): DiversityRun {
  const { audit, scores } = folder.readResult(job).measured;
  const { grid, labels } = points[point]!;
  return {
    sweep: grid as Knob,
    setting: Object.values(labels)[0]!,
    seed,
    verdict: audit!.verdict,
    otherPeriodLoss: audit!.otherPeriodLoss,
    excess: Math.max(...scores!.map(({ inductionExcess }) => inductionExcess)),
  };
}

/** The names that the command's figures have had since before there were sweeps. */
const FIGURES = { otherPeriodLoss: '', inductionExcess: '-excess' } as const;

/** Every run as a dot: the loss at other periods, and the attention that follows the period, for both knobs. */
export function diversityFigures(open: OpenSweep): Readonly<Record<string, Draw>> {
  const { runs } = finishedRuns(open);
  const named = open.sweep.grids.flatMap((grid) => {
    const figures = figuresOf(open, groupRuns(grid, runs));
    return Object.entries(FIGURES).map(([column, ending]): [string, Draw | undefined] => [
      `diversity-${grid.name}${ending}`,
      figures[`${grid.name}-${column}`],
    ]);
  });
  return Object.fromEntries(named.filter((entry): entry is [string, Draw] => entry[1] !== undefined));
}
