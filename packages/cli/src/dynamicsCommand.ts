import { type DynamicsPoint, loadEngine } from '@induction-lab/core/node';
import { print } from './analysis.ts';
import { type Dynamics, dynamicsFigures, measureRun, phaseText } from './dynamics.ts';
import { createFreshFolder } from './files.ts';
import { RunFolder } from './runFolder.ts';
import { signedNumber, textTable } from './textTable.ts';

export interface DynamicsCommandOptions {
  json?: boolean;
  figures?: string;
  sequences: number;
  checkpoints: number;
  seed: number;
  exact?: boolean;
}

/** `induction-lab dynamics`: scores, effects and losses along a run’s checkpoints, and the phase change among them. */
export async function dynamicsCommand(path: string, options: DynamicsCommandOptions): Promise<void> {
  const { figures, checkpoints, sequences, seed, exact = false } = options;
  const folder = new RunFolder(path);
  const { name } = folder.readInfo();
  if (figures !== undefined) createFreshFolder(figures, '--figures');
  const engine = await loadEngine({ exact, shared: false });
  const dynamics = measureRun(engine, folder, { most: checkpoints, sequences, seed });
  if (figures !== undefined) {
    const { writeFigures } = await import('./drawing.ts');
    writeFigures(figures, dynamicsFigures(name, dynamics, { engine, folder }));
  }
  print(options, dynamics, () => dynamicsText(path, dynamics));
}

function dynamicsText(path: string, dynamics: Dynamics): string[] {
  const { points, inContext } = dynamics;
  const top = (point: DynamicsPoint, score: 'previousToken' | 'inductionExcess' | 'ablation'): string => {
    const head = point.heads.reduce((a, b) => (b[score] > a[score] ? b : a));
    return `${head.label} ${head[score].toFixed(2)}`;
  };
  const rows = points.map((point) => [
    String(point.step),
    point.lossFirst.toFixed(2),
    point.lossRepeat.toFixed(3),
    signedNumber(point.inContextLearning),
    top(point, 'previousToken'),
    top(point, 'inductionExcess'),
    top(point, 'ablation'),
    ...(['k', 'q', 'v'] as const).map((input) => (point.pathEffects ? signedNumber(point.pathEffects[input]) : '–')),
  ]);
  const columns = [
    'step',
    'first',
    'repeat',
    'in-context',
    'previous-token',
    'follows period',
    'ablated',
    'K path',
    'Q path',
    'V path',
  ];
  return [
    path,
    '',
    ...textTable([columns, ...rows]),
    '',
    `Losses over several periods, nats. In-context: loss at query ${inContext.late} minus loss at query ${inContext.early}. Heads: the highest of each. Ablated: increase of the loss on the repeat by mean ablation. Paths: the same without the earlier layers in the later heads’ inputs.`,
    '',
    ...phaseText(dynamics),
  ];
}
