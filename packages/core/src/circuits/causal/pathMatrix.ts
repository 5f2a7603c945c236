// Edges as matrices, those of the path table above all, and how well attribution agrees with what was measured.
import * as z from 'zod/mini';
import { ArgumentError, checkArgument } from '../../errors/arguments.ts';
import { INPUTS, type Input } from '../../model/interventions/interventions.ts';
import { mean } from '../statistics/estimate.ts';
import type { PathCell, PathTableRecord } from './pathTable.ts';

/** An edge by its labels, as records have it. */
export interface LabelledEdge {
  /** Label of the earlier part. */
  readonly source: string;
  /** Label of the later part. */
  readonly target: string;
  readonly input: Input | 'mlp';
}

/** Numbers by edge, as a table [source][target]; NaN where there is no edge. */
export interface EdgeMatrix {
  /** Labels of the rows. */
  readonly sources: string[];
  /** Labels of the columns. */
  readonly targets: string[];
  /** [source][target]; NaN where there is no such edge. */
  readonly values: number[][];
}

/**
 * What `pick` says of the edges into one input, such as those of path patching.
 * @throws an ArgumentError for an input that there is none of.
 */
export function edgeMatrix<E extends LabelledEdge>(
  edges: readonly E[],
  input: Input | 'mlp',
  pick: (edge: E) => number,
): EdgeMatrix {
  if (input !== 'mlp') checkArgument('edgeMatrix', 'input', z.enum(INPUTS), input);
  const chosen = edges.filter((edge) => edge.input === input);
  const sources = [...new Set(chosen.map(({ source }) => source))];
  const targets = [...new Set(chosen.map(({ target }) => target))];
  const values = sources.map((source) =>
    targets.map((target) => {
      const edge = chosen.find((e) => e.source === source && e.target === target);
      return edge ? pick(edge) : Number.NaN;
    }),
  );
  return { sources, targets, values };
}

/**
 * The cells of one input, as a table [source][target] of increases in nats; NaN where there is no path.
 * @param pick The number of a cell.
 * @throws an ArgumentError for an input that there is none of.
 */
export function pathMatrix(
  { cells }: PathTableRecord,
  input: Input | 'mlp',
  pick: (cell: PathCell) => number = (cell) => cell.increase.value,
): EdgeMatrix {
  if (input !== 'mlp') checkArgument('pathMatrix', 'input', z.enum(INPUTS), input);
  return edgeMatrix(cells, input, pick);
}

/**
 * How well attribution ranks the edges: Pearson's correlation of attributed with measured increases, by first order or by
 * integrated gradients. NaN where one of them does not vary. Throws an ArgumentError where the table has none of these.
 * @returns Their correlation (Pearson's), −1 to 1.
 */
export function attributionAgreement(
  { cells }: PathTableRecord,
  by: 'attributed' | 'integrated' = 'attributed',
): number {
  checkArgument('attributionAgreement', 'by', z.enum(['attributed', 'integrated']), by);
  const xs = cells.map((cell) => {
    const foreseen = cell[by];
    if (foreseen) return foreseen.value;
    if (by === 'attributed')
      throw new ArgumentError(
        'attributionAgreement: nothing is attributed in this table, since its measure has no `gradient`; give the measure one.',
      );
    throw new ArgumentError(
      'attributionAgreement: this table has no integrated gradients; make it with pathTable(model, { integrationSteps: 8 }).',
    );
  });
  const ys = cells.map((c) => c.increase.value);
  const [mx, my] = [mean(xs), mean(ys)];
  const covariance = mean(xs.map((x, i) => (x - mx) * (ys[i]! - my)));
  return covariance / Math.sqrt(mean(xs.map((x) => (x - mx) ** 2)) * mean(ys.map((y) => (y - my) ** 2)));
}
