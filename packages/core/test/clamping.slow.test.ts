// Clamping during training: does the circuit still form when a head is held? `npm run test:slow` remakes the table.
import { readFileSync } from 'node:fs';
import { afterAll, expect, test } from 'vitest';
import { audit } from '../src/circuits/claims/audit.ts';
import { prove } from '../src/circuits/claims/prove.ts';
import { Model } from '../src/model/model.ts';
import { loadEngine, startWorkers } from '../src/node.ts';
import type { Clamp } from '../src/training/clamps.ts';
import { parseExperiment } from '../src/training/experiment.ts';
import { train } from '../src/training/train.ts';
import type { StepRecord } from '../src/training/trainLoop.ts';
import { counts, resultTable, spread, writeResults } from './support/results.ts';

const SEEDS = 4;
const STEPS = 800;

interface Run {
  readonly verdict: string;
  /** Heads that build the keys at the end. */
  readonly builders: readonly string[];
  /** First step with lossRepeat below 1 nat; null when never. */
  readonly drop: number | null;
  readonly lossRepeat: number;
}

const engine = await loadEngine();
const preset = JSON.parse(readFileSync(new URL('../presets/varied.json', import.meta.url), 'utf8'));

async function run(seed: number, clamps: readonly Clamp[]): Promise<Run> {
  const experiment = parseExperiment({ ...preset, training: { ...preset.training, steps: STEPS, clamps } });
  const records: StepRecord[] = [];
  const observer = { onStep: (r: StepRecord) => records.push(r) };
  const { weights } = await train({ engine, experiment, seed, threads: 2, startPool: startWorkers(), observer });
  const model = new Model(engine, experiment.model);
  model.setWeights(weights);
  const record = audit(model);
  const { heads } = prove(model, { audit: record });
  const last = records.slice(-50);
  return {
    verdict: record.verdict,
    builders: heads.filter(({ role }) => role === 'previous-token head').map(({ label }) => label),
    drop: records.find((r) => r.segments.repeat! < 1)?.step ?? null,
    lossRepeat: last.reduce((sum, r) => sum + r.segments.repeat!, 0) / last.length,
  };
}

const results = new Map<string, Run[]>();
const add = (what: string, result: Run): void => void results.set(what, [...(results.get(what) ?? []), result]);
const layer0 = (label: string): number => Number(label.at(-1));

test.for(Array.from({ length: SEEDS }, (_, i) => i + 1))('seed %i', async (seed) => {
  const free = await run(seed, []);
  add('free', free);
  expect(free.verdict).toBe('induction');
  const held = (kind: Clamp['kind'], heads: readonly number[], fromStep: number): Promise<Run> =>
    run(
      seed,
      heads.map((head) => ({ kind, layer: 0, head, fromStep })),
    );
  const builders = free.builders.map(layer0);
  add('builders ablated from the start', await held('ablate', builders, 1));
  add('builders frozen from the start', await held('freeze', builders, 1));
  add('builders ablated from step 400 on', await held('ablate', builders, 400));
  const none = await held('ablate', [0, 1, 2, 3], 1);
  add('all of layer 0 ablated', none);
  expect(none.verdict, 'without any earlier head there are no keys to match').not.toBe('induction');
});

afterAll(() => {
  if ([...results.values()].some((runs) => runs.length < SEEDS) || results.size < 5) return;
  const rows: [string, (runs: readonly Run[]) => string][] = [
    ['verdict', (runs) => counts(runs.map((r) => r.verdict))],
    [
      'first step with `lossRepeat` below 1 nat',
      (runs) =>
        spread(
          runs.flatMap((r) => r.drop ?? []),
          0,
        ),
    ],
    ['… never', (runs) => `${runs.filter((r) => r.drop === null).length} of ${runs.length}`],
    [
      '`lossRepeat` at the end',
      (runs) =>
        spread(
          runs.map((r) => r.lossRepeat),
          3,
        ),
    ],
    ['heads that build the keys at the end', (runs) => runs.map((r) => r.builders.join('+') || 'none').join('; ')],
  ];
  writeResults('clamping', [
    `Preset \`varied\`, ${STEPS} steps, ${SEEDS} seeds (1 to ${SEEDS}), ${engine.backend} kernels. Builders: the heads that build the keys in the free run of the same seed.`,
    '',
    ...resultTable(rows, results),
  ]);
});
