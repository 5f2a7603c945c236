// How well attribution foresees what ablating an edge does, in trained models: by first order and by integrated gradients,
// against the exact effects. docs/causes.md gets the table. SEEDS sets how many seeds are trained (8).
import { afterAll, expect, test } from 'vitest';
import { attributionAgreement } from '../src/circuits/causal/pathMatrix.ts';
import { type PathTableRecord, pathTable } from '../src/circuits/causal/pathTable.ts';
import { resultTable, spread, writeResults } from './support/results.ts';
import { trainedPreset } from './support/trainedPreset.ts';

const SEEDS = Number(process.env.SEEDS ?? 8);
const STEPS = 1000;
const MEASURE = { sequences: 48, integrationSteps: 8 };

const tables: PathTableRecord[] = [];

test.for(Array.from({ length: SEEDS }, (_, i) => i + 1))(
  'varied, seed %i: integrated gradients of the edges into an input add up to their joint effect',
  async (seed) => {
    const table = pathTable(await trainedPreset('varied', { steps: STEPS, seed }), MEASURE);
    tables.push(table);
    // Complete on every seed; the ranks only where heads do not share one job, see docs/causes.md.
    expect(incomplete(table)).toBeLessThan(0.15);
  },
);

/** The largest distance of a sum of integrated gradients from the joint effect of its edges, in nats. */
const incomplete = ({ joint }: PathTableRecord): number =>
  Math.max(...joint.map(({ increase, integrated }) => Math.abs(integrated!.value - increase.value)));
const largest = ({ joint }: PathTableRecord): number => Math.max(...joint.map(({ increase }) => increase.value));

afterAll(() => {
  if (tables.length < SEEDS) return;
  const agreements = tables.map((table) => attributionAgreement(table, 'integrated')).sort((a, b) => a - b);
  expect(agreements[Math.floor(SEEDS / 2)]).toBeGreaterThan(0.8);
  const rows: [string, (runs: readonly PathTableRecord[]) => string][] = [
    [
      'correlation with the exact effects, gradient × difference',
      (runs) => spread(runs.map((r) => attributionAgreement(r))),
    ],
    ['… integrated gradients', (runs) => spread(runs.map((r) => attributionAgreement(r, 'integrated')))],
    [
      'farthest that a sum of integrated gradients is from the joint effect, nats',
      (runs) => spread(runs.map(incomplete)),
    ],
    ['the largest joint effect, nats', (runs) => spread(runs.map(largest))],
  ];
  writeResults(
    'attribution',
    resultTable(rows, new Map([[`varied, ${STEPS} steps, ${SEEDS} seeds`, tables]])),
    'causes',
  );
});
