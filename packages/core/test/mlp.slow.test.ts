// Models with MLPs over several seeds: preset `literal` with an MLP, and the setting of TransformerLens's demo. docs/results.md gets
// the counts. `npm run test:slow` runs it; SEEDS sets how many seeds each gets (8), MLPS which of
// them (as in 0,2), STEPS cuts them short to see whether it runs.
import { readFileSync } from 'node:fs';
import { afterAll, describe, expect, test } from 'vitest';
import { audit } from '../src/circuits/claims/audit.ts';
import type { AuditRecord } from '../src/circuits/claims/auditRecord.ts';
import { Model } from '../src/model/model.ts';
import { loadEngine, startWorkers } from '../src/node.ts';
import { type Experiment, parseExperiment, withMlp, withSteps } from '../src/training/experiment.ts';
import { type StepRecord, train } from '../src/training/train.ts';
import { counts, resultTable, spread, writeResults } from './support/results.ts';

const SEEDS = Number(process.env.SEEDS ?? 8);
const read = (path: string): unknown => JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8'));
const demo = parseExperiment(read('../../../examples/transformerLensDemo.json'));
const ALL: Record<string, Experiment> = {
  'TransformerLens’s demo': demo,
  'the same for 3,000 steps': withSteps(demo, 3000),
  '`literal` with an MLP': withMlp(parseExperiment(read('../presets/literal.json')), 256),
};
const STEPS = process.env.STEPS === undefined ? undefined : Number(process.env.STEPS);
const chosen = process.env.MLPS?.split(',').map((i) => Object.keys(ALL)[Number(i)]!) ?? Object.keys(ALL);

interface Run {
  readonly record: AuditRecord;
  readonly lossFirst: number;
  readonly lossRepeat: number;
  /** First step at which the loss on the repeat is below 1 nat; 0 for none. */
  readonly drop: number;
}

const engine = await loadEngine();
const results = new Map<string, Run[]>(chosen.map((name) => [name, []]));

async function runOf(experiment: Experiment, seed: number): Promise<Run> {
  const records: StepRecord[] = [];
  const observer = { onStep: (r: StepRecord) => records.push(r) };
  const { weights } = await train({ engine, experiment, seed, threads: 1, startPool: startWorkers(), observer });
  const model = new Model(engine, experiment.model);
  model.setWeights(weights);
  const last = records.slice(-50);
  const average = (segment: 'first' | 'repeat'): number =>
    last.reduce((sum, r) => sum + r.segments[segment]!, 0) / last.length;
  return {
    record: audit(model),
    ...{ lossFirst: average('first'), lossRepeat: average('repeat') },
    drop: records.findIndex((r) => r.segments.repeat! < 1) + 1,
  };
}

describe.for(chosen)('%s', (name) => {
  test.for(Array.from({ length: SEEDS }, (_, i) => i + 1))('seed %i has a verdict', async (seed) => {
    const run = await runOf(STEPS === undefined ? ALL[name]! : withSteps(ALL[name]!, STEPS), seed);
    results.get(name)!.push(run);
    expect(run.lossFirst).toBeGreaterThan(3);
    // One period in all of the training is solved by looking back a fixed distance, with an MLP as without.
    if (run.lossRepeat < 0.1) expect(run.record.verdict, run.record.sentence).toBe('positional shortcut');
  });
});

const ROWS: [string, (runs: readonly Run[]) => string][] = [
  ['verdict', (runs) => counts(runs.map((r) => r.record.verdict))],
  ['`lossFirst` at the end', (runs) => spread(runs.map((r) => r.lossFirst))],
  ['`lossRepeat` at the end', (runs) => spread(runs.map((r) => r.lossRepeat))],
  [
    'first step with `lossRepeat` below 1 nat',
    (runs) =>
      runs.every(({ drop }) => drop === 0)
        ? 'none'
        : `${spread(
            runs.flatMap(({ drop }) => (drop === 0 ? [] : [drop])),
            0,
          )}, ${runs.filter(({ drop }) => drop > 0).length} of ${runs.length} runs`,
  ],
  [
    'periods solved, of those scanned',
    (runs) => counts(runs.map(({ record: { evidence } }) => `${evidence.solved.length} of ${evidence.periods.length}`)),
  ],
  ['heads whose attention follows the period', (runs) => counts(runs.map((r) => r.record.followers.length))],
  ['positional heads', (runs) => counts(runs.map((r) => r.record.positionalHeads.length))],
];

afterAll(() => {
  const done = new Map([...results].filter(([, runs]) => runs.length > 0));
  for (const [name, runs] of done)
    process.stdout.write(`${name}\n${runs.map(({ record }) => record.sentence).join('\n')}\n`);
  const lines = [
    `${SEEDS} seeds each (1 to ${SEEDS}), ${engine.backend} kernels, Node ${process.versions.node}.`,
    '',
    ...resultTable(ROWS, done),
  ];
  if (process.env.MLPS === undefined && STEPS === undefined) writeResults('mlp', lines);
  else process.stdout.write(`${lines.join('\n')}\n`);
});
