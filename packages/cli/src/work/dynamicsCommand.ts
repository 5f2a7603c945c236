import { printable } from '@induction-lab/core/internal/printable';
import { type DynamicsPoint, guessingLoss, loadEngine } from '@induction-lab/core/node';
import type { Host, MeasuringTask } from '../aside/host.ts';
import type { DrawnOptions } from '../files/drawnTokens.ts';
import { provenance } from '../files/provenance.ts';
import { bornStripe, type Dynamics, dynamicsFigures, measureRun, phaseText } from '../finished/dynamics.ts';
import { segmentsOfRun } from '../runs/runData.ts';
import { lossPoints, RunFolder } from '../runs/runFolder.ts';
import { DYNAMICS } from '../terminal/headings.ts';
import { explainedTable, NONE, plainNumber, signedNumber, wrapped } from '../terminal/textTable.ts';
import { jsonText } from './analysis.ts';

export interface DynamicsCommandOptions extends DrawnOptions {
  json?: boolean;
  figures?: string;
  sequences: number;
  checkpoints: number;
  seed: number;
  exact?: boolean;
  threads?: number;
}

/** `induction-lab dynamics`: scores, effects and losses along a run’s checkpoints, and the phase change among them. */
export async function dynamicsCommand(
  { target, options }: MeasuringTask<DynamicsCommandOptions>,
  host: Host,
): Promise<void> {
  const { figures, checkpoints, sequences, seed, json = false, exact = false, threads = 1 } = options;
  host.stage('loading');
  const folder = new RunFolder(target);
  const { name, experiment, data } = folder.readInfo();
  const engine = await loadEngine({ exact, shared: false, threads });
  const told = (dynamics: Dynamics, stopped?: { measured: number; of: number }): string =>
    json
      ? jsonText({ ...provenance(engine.backend), name, ...(stopped ? { stopped } : {}), ...dynamics })
      : `${[printable(target), '', ...dynamicsText(dynamics, host.columns)].join('\n')}\n`;
  const dynamics = measureRun(engine, folder, {
    most: checkpoints,
    drawn: options,
    sequences,
    seed,
    onProgress: host.stage('measuring'),
    onCheckpoint: (until, of) => {
      const measured = until.points.length;
      host.keep({
        text: told(until, { measured, of }),
        sentence: `after ${measured} of ${of} checkpoints; what was measured of those is printed`,
      });
    },
  });
  host.print(told(dynamics));
  if (figures === undefined) return;
  host.keep({
    text: '',
    sentence: `while drawing; what was measured is printed, finished figures are in ${printable(figures)}`,
  });
  const drawn = host.stage('drawing');
  const { writeFigures } = await import('../figures/drawing.ts');
  const born = bornStripe(engine, folder, dynamics, options);
  const log = lossPoints(folder.readMetrics());
  const lnVocab = guessingLoss(experiment.model);
  const segments = segmentsOfRun(experiment, data);
  writeFigures(figures, dynamicsFigures(name, dynamics, { born, log, segments, lnVocab }), drawn);
}

export function dynamicsText(dynamics: Dynamics, columns: number): string[] {
  const { points, inContext } = dynamics;
  const top = (point: DynamicsPoint, score: 'previousToken' | 'inductionExcess' | 'ablation'): string => {
    const head = point.heads.reduce((a, b) => (b[score] > a[score] ? b : a));
    return `${head.label} ${plainNumber(head[score])}`;
  };
  const rows = points.map((point) => [
    String(point.step),
    plainNumber(point.lossFirst),
    plainNumber(point.lossRepeat, 3),
    signedNumber(point.inContextLearning),
    top(point, 'previousToken'),
    top(point, 'inductionExcess'),
    top(point, 'ablation'),
    ...(['k', 'q', 'v'] as const).map((input) => (point.pathEffects ? signedNumber(point.pathEffects[input]) : NONE)),
  ]);
  return [
    ...explainedTable(DYNAMICS, rows, { columns }),
    ...wrapped(
      `Losses over several periods. In-context compares queries ${inContext.late} and ${inContext.early}.`,
      columns,
    ),
    '',
    ...phaseText(dynamics),
  ];
}
