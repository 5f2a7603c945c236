// What the figures of analyses are made of: charts that can be drawn in any theme, and estimates as they have them.
import { type Estimate, edgeMatrix, type LabelledEdge } from '@induction-lab/core/node';
import {
  type EffectRecord,
  type EffectRow,
  effectChart,
  type HeatmapPanel,
  type HeatmapsRecord,
  heatmaps,
} from '@induction-lab/figures/node';
import { type Draw, figureOptions } from './drawing.ts';

export const drawHeatmaps =
  (record: HeatmapsRecord): Draw =>
  (theme, width) =>
    heatmaps(record, figureOptions(theme, width));

export const drawEffects =
  (record: EffectRecord): Draw =>
  (theme, width) =>
    effectChart(record, figureOptions(theme, width));

/** An estimate as a row has it: null for a value that there is none of, no whiskers without a spread. */
export const measured = ({ value, interval, n }: Estimate): Pick<EffectRow, 'value' | 'interval'> => ({
  value: Number.isFinite(value) ? value : null,
  ...(Number.isFinite(value) && n > 1 && interval.every(Number.isFinite) ? { interval } : {}),
});

/** What stands in the rows and columns of edges. */
export const edgeAxes = (edges: readonly LabelledEdge[]): { rowAxis: string; columnAxis: string } => {
  const part = edges.some(({ input }) => input === 'mlp') ? 'head or MLP' : 'head';
  return { rowAxis: `earlier ${part}`, columnAxis: `later ${part}` };
};

/** Numbers by edge, [earlier part][later part]: a panel for each of K, Q and V, and for what MLPs read, where there are any. */
export const edgePanels = <E extends LabelledEdge>(edges: readonly E[], pick: (edge: E) => number): HeatmapPanel[] =>
  (['k', 'q', 'v', 'mlp'] as const)
    .filter((of) => edges.some(({ input }) => input === of))
    .map((input) => {
      const { sources, targets, values } = edgeMatrix(edges, input, pick);
      return { title: input.toUpperCase(), rows: sources, columns: targets, values: values.flat() };
    });
