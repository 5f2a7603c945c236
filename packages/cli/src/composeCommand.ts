import {
  type CompositionRecord,
  compositionScores,
  type HeadCircuitRecord,
  headCircuits,
  type Model,
  type PathTableRecord,
  pathTable,
  WeightCircuits,
} from '@induction-lab/core/node';
import { type AnalysisOptions, analyse } from './analysis.ts';
import { signedNumber, textTable } from './textTable.ts';

export interface ComposeCommandOptions extends AnalysisOptions {
  sequences: number;
  by: 'zero' | 'mean';
}

interface Composed {
  readonly heads: readonly HeadCircuitRecord[];
  readonly composition: CompositionRecord;
  readonly paths: PathTableRecord;
}

/** `induction-lab compose`: what the weights say of heads and pairs of heads, and beside it what each path carries. */
export const composeCommand = (checkpoint: string, options: ComposeCommandOptions): Promise<void> =>
  analyse(checkpoint, options, {
    measure: (model): Composed => {
      const circuits = new WeightCircuits(model.config, model.getWeights());
      return {
        heads: headCircuits(circuits),
        composition: compositionScores(circuits, { seed: options.seed }),
        paths: pathTable(model, options),
      };
    },
    text: composedText,
    figures: async ({ composition, paths }, model) => {
      const { pathFigures, weightFigures } = await import('./circuitFigures.ts');
      const circuits = new WeightCircuits(model.config, model.getWeights());
      return { ...pathFigures('model', paths, composition), ...weightFigures('model', circuits) };
    },
  });

function composedText({ heads, composition, paths }: Composed, model: Model): string[] {
  const number = (x: number | null): string => (x === null ? '–' : x.toFixed(2));
  const folded = model.config.normalization === null ? '' : ' LayerNorm’s centring and gain are folded in.';
  return [
    `Circuits read off the weights.${folded}`,
    '',
    ...textTable([
      ['head', 'OV copying', 'copies top-1', 'prefers the position before'],
      ...heads.map((h) => [h.label, number(h.copying), number(h.copiesTop1), number(h.previousPosition)]),
    ]),
    '',
    ...(paths.doesNotApply ? [paths.doesNotApply] : pairText(composition, paths)),
  ];
}

function pairText({ scores, baseline }: CompositionRecord, paths: PathTableRecord): string[] {
  const order = ['k', 'q', 'v'] as const;
  const pairs = [...new Map(paths.cells.map(({ source, target }) => [`${source} → ${target}`, { source, target }]))];
  const rows = pairs.map(([pair, { source, target }]) => [
    pair,
    ...order.flatMap((input) => {
      const score = scores.find((s) => s.earlier === source && s.later === target && s.kind === input)!;
      const cell = paths.cells.find((c) => c.source === source && c.target === target && c.input === input)!;
      return [signedNumber(score.corrected, 3), signedNumber(cell.increase.value), signedNumber(cell.attributed.value)];
    }),
  ]);
  const { mean, deviation, draws } = baseline;
  return [
    `Pairs of heads, for K, Q and V: composition score above random matrices of the same shapes (${mean.toFixed(3)} ± ${deviation.toFixed(3)}, ${draws} draws);`,
    `increase of the loss on the repeat, in nats, without that path (${paths.by}, ${paths.sequences} sequences, periods ${paths.periods.join(', ')}); the same by attribution (first order).`,
    '',
    ...textTable([
      ['pair', ...order.flatMap((input) => [`${input.toUpperCase()} score`, 'effect', 'attributed'])],
      ...rows,
    ]),
    '',
    'Weights alone prove nothing: a high score says that a path could carry something, the effect says whether it does.',
  ];
}
