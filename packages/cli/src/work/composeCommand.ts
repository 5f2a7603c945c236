import {
  type CompositionRecord,
  compositionScores,
  type HeadCircuitRecord,
  headCircuits,
  INPUTS,
  type Input,
  type Model,
  type PathTableRecord,
  pathTable,
  WeightCircuits,
} from '@induction-lab/core/node';
import type { Host, MeasuringTask } from '../aside/host.ts';
import { intoMlpColumns, pairColumns } from '../terminal/headings.ts';
import { measureWords } from '../terminal/measureWords.ts';
import { explainedTable, NONE, signedNumber, wrapped } from '../terminal/textTable.ts';
import { weightsTable } from '../terminal/weightsTable.ts';
import { type AnalysisOptions, analyse } from './analysis.ts';
import { type MeasuredOnOptions, measuredOn } from './measuredOn.ts';

export interface ComposeCommandOptions extends AnalysisOptions, MeasuredOnOptions {
  seed: number;
  by: 'zero' | 'mean';
  integrationSteps?: number;
}

interface Composed {
  readonly heads: readonly HeadCircuitRecord[];
  readonly composition: CompositionRecord;
  readonly paths: PathTableRecord;
}

/** `induction-lab compose`: what the weights say of heads and pairs of heads, and beside it what each path carries. */
export const composeCommand = (task: MeasuringTask<ComposeCommandOptions>, host: Host): Promise<void> => {
  const { by, seed, integrationSteps } = task.options;
  const options = { by, ...(integrationSteps === undefined ? {} : { integrationSteps }) };
  const on = measuredOn(task.options);
  return analyse(task, host, {
    measure: (model): Composed => {
      const measured = on.of(model);
      const circuits = new WeightCircuits(model.config, model.getWeights());
      return {
        heads: headCircuits(circuits, { onProgress: host.stage('reading the weights of heads') }),
        composition: compositionScores(circuits, { seed, onProgress: host.stage('reading the weights of pairs') }),
        paths: pathTable(model, { ...options, ...measured, onProgress: host.stage('ablating edges') }),
      };
    },
    source: on.source,
    text: composedText,
    figures: async ({ composition, paths }, model) => {
      const { pathFigures, weightFigures } = await import('../figures/circuitFigures.ts');
      const circuits = new WeightCircuits(model.config, model.getWeights());
      return { ...pathFigures('model', paths, composition), ...weightFigures('model', circuits) };
    },
  });
};

function composedText({ heads, composition, paths }: Composed, model: Model, columns: number): string[] {
  const folded = {
    LN: ' LayerNorm’s centring and gain are folded in.',
    RMS: ' RMSNorm’s gain is folded in.',
    none: '',
  }[model.config.normalization ?? 'none'];
  return [
    `Circuits read off the weights.${folded}`,
    '',
    ...weightsTable(heads, columns),
    '',
    ...(paths.doesNotApply ? wrapped(paths.doesNotApply, columns) : pairText(composition, paths, columns)),
  ];
}

/** Pairs of heads that are printed: those whose paths carry most. */
const MOST_PAIRS = 60;

const keyOf = (source: string, target: string, input: Input | 'mlp'): string => `${source} ${target} ${input}`;

function pairText({ scores, baseline }: CompositionRecord, paths: PathTableRecord, columns: number): string[] {
  const order = ['k', 'q', 'v'] as const satisfies readonly Input[];
  const integrated = paths.integrationSteps !== undefined;
  const score = new Map(scores.map((s) => [keyOf(s.earlier, s.later, s.kind), s]));
  const cell = new Map(paths.cells.map((c) => [keyOf(c.source, c.target, c.input), c]));
  const joint = new Map(paths.joint.map((j) => [keyOf('', j.target, j.input), j]));
  const pairs = [
    ...new Map(
      paths.cells
        .filter(({ input }) => input !== 'mlp')
        .map(({ source, target }) => [`${source} → ${target}`, { source, target }]),
    ).values(),
  ];
  const effect = (source: string, target: string, input: Input): number =>
    Math.abs(cell.get(keyOf(source, target, input))?.increase.value ?? 0);
  const largest = ({ source, target }: (typeof pairs)[number]): number =>
    Math.max(...INPUTS.map((input) => effect(source, target, input)));
  const told = new Set(
    pairs.length <= MOST_PAIRS ? pairs : [...pairs].sort((a, b) => largest(b) - largest(a)).slice(0, MOST_PAIRS),
  );
  const targets = [...new Set(pairs.map(({ target }) => target))];
  const rows = targets.flatMap((target) => [
    ...pairs
      .filter((pair) => pair.target === target && told.has(pair))
      .map(({ source }) => [
        `${source} → ${target}`,
        ...order.flatMap((input) => {
          const found = cell.get(keyOf(source, target, input));
          return [
            signedNumber(score.get(keyOf(source, target, input))?.corrected, 3),
            signedNumber(found?.increase.value),
            signedNumber(found?.attributed?.value),
            ...(integrated ? [signedNumber(found?.integrated?.value)] : []),
          ];
        }),
      ]),
    [
      `all → ${target}`,
      ...order.flatMap((input) => {
        const all = joint.get(keyOf('', target, input));
        const sum = integrated ? [signedNumber(all?.integrated?.value)] : [];
        return [NONE, signedNumber(all?.increase.value), NONE, ...sum];
      }),
    ],
  ]);
  const { mean, deviation, draws } = baseline;
  const left = pairs.length - told.size;
  return [
    ...wrapped(
      `Pairs of heads, for K, Q and V. Random matrices of the same shapes score ${mean.toFixed(3)} ± ${deviation.toFixed(3)} (${draws} draws). Edges are ablated (${paths.by}) on ${paths.periods.length > 0 ? `${paths.sequences} sequences, periods ${paths.periods.join(', ')}` : `${paths.sequences} given prompts`}.`,
      columns,
    ),
    ...(left > 0
      ? wrapped(
          `Shown are the ${told.size} pairs whose paths carry most; ${left.toLocaleString('en')} more are in --json.`,
          columns,
        )
      : []),
    '',
    ...explainedTable(pairColumns(measureWords(paths, { repeats: paths.periods.length > 0 }), { integrated }), rows, {
      columns,
      groups: integrated ? 4 : 3,
    }),
    '',
    ...intoMlpsText(paths, columns),
    ...wrapped(
      'Weights alone prove nothing: a high score says that a path could carry something, the effect says whether it does. Heads that share the work are harmless one by one: look at "all" too.',
      columns,
    ),
  ];
}

/** What MLPs read: nothing for a model that has none. */
function intoMlpsText(paths: PathTableRecord, columns: number): string[] {
  const joint = paths.joint.filter(({ input }) => input === 'mlp');
  if (joint.length === 0) return [];
  const integrated = paths.integrationSteps !== undefined;
  const rows = joint.flatMap((all) => [
    ...paths.cells
      .filter(({ input, target }) => input === 'mlp' && target === all.target)
      .sort((a, b) => Math.abs(b.increase.value) - Math.abs(a.increase.value))
      .slice(0, MOST_PAIRS)
      .map(({ source, target, increase, attributed, integrated: sum }) => [
        `${source} → ${target}`,
        ...[increase.value, attributed?.value, ...(integrated ? [sum?.value] : [])].map((x) => signedNumber(x)),
      ]),
    [
      `all → ${all.target}`,
      ...[signedNumber(all.increase.value), NONE, ...(integrated ? [signedNumber(all.integrated?.value)] : [])],
    ],
  ]);
  const words = measureWords(paths, { repeats: paths.periods.length > 0 });
  return [...explainedTable(intoMlpColumns(words, { integrated }), rows, { columns }), ''];
}
