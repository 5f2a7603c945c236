// The four presets over many seeds: the verdicts must be right on every one, and docs/results.md gets the counts and
// the spread. `npm run test:slow` runs it; SEEDS sets how many seeds a preset gets (8), PRESETS which ones.
import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, describe, expect, test } from 'vitest';
import { type AuditRecord, audit } from '../src/circuits/audit.ts';
import { Model } from '../src/model/model.ts';
import { loadEngine, startWorkers } from '../src/node.ts';
import { parseExperiment } from '../src/training/experiment.ts';
import { type StepRecord, train } from '../src/training/train.ts';

const SEEDS = Number(process.env.SEEDS ?? 8);
const EXPECTED = {
  literal: 'positional shortcut',
  'literal-1-layer': 'positional shortcut',
  varied: 'induction',
  'two-heads': 'induction',
} as const;
type Name = keyof typeof EXPECTED;

interface Run {
  readonly seed: number;
  readonly record: AuditRecord;
  readonly lossFirst: number;
  readonly lossRepeat: number;
  /** First step at which the loss on the repeat is below 1 nat, and how many later steps are above it again. */
  readonly drop: number;
  readonly relapses: number;
}

const engine = await loadEngine();
const results = new Map<Name, Run[]>();

async function runPreset(name: Name, seed: number): Promise<Run> {
  const json = JSON.parse(readFileSync(new URL(`../presets/${name}.json`, import.meta.url), 'utf8'));
  const experiment = parseExperiment(json);
  const records: StepRecord[] = [];
  const observer = { onStep: (r: StepRecord) => records.push(r) };
  const { weights } = await train({ engine, experiment, seed, threads: 2, startCrew: startWorkers, observer });
  const model = new Model(engine, experiment.model);
  model.setWeights(weights);
  const drop = records.findIndex((r) => r.lossRepeat! < 1);
  const last = records.slice(-50);
  const average = (pick: (r: StepRecord) => number | null): number =>
    last.reduce((sum, r) => sum + pick(r)!, 0) / last.length;
  return {
    seed,
    record: audit(model),
    lossFirst: average((r) => r.lossFirst),
    lossRepeat: average((r) => r.lossRepeat),
    drop: drop + 1,
    relapses: records.slice(drop).filter((r) => r.lossRepeat! > 1).length,
  };
}

describe.for(Object.keys(EXPECTED) as Name[])('%s', (name) => {
  test.for(Array.from({ length: SEEDS }, (_, i) => i + 1))(
    'seed %i has the verdict that the lesson expects',
    async (seed) => {
      const run = await runPreset(name, seed);
      results.set(name, [...(results.get(name) ?? []), run]);
      expect(run.record.verdict, run.record.sentence).toBe(EXPECTED[name]);
    },
  );
});

const spread = (values: readonly number[], digits = 2): string => {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = (sorted[Math.floor((sorted.length - 1) / 2)]! + sorted[Math.ceil((sorted.length - 1) / 2)]!) / 2;
  return `${middle.toFixed(digits)} (${sorted[0]!.toFixed(digits)} to ${sorted.at(-1)!.toFixed(digits)})`;
};

const counts = (values: readonly (string | number)[]): string => {
  const tally = new Map<string, number>();
  for (const v of values) tally.set(String(v), (tally.get(String(v)) ?? 0) + 1);
  return [...tally]
    .sort((a, b) => b[1] - a[1])
    .map(([v, n]) => `${v}: ${n} of ${values.length}`)
    .join('; ');
};

/** One line of the table: what it is called, and its cell for a preset's runs. */
const ROWS: [string, (runs: readonly Run[]) => string][] = [
  ['verdict', (runs) => counts(runs.map((r) => r.record.verdict))],
  ['close calls', (runs) => String(runs.filter((r) => r.record.evidence.close).length)],
  ['`lossFirst` at the end', (runs) => spread(runs.map((r) => r.lossFirst))],
  [
    '`lossRepeat` at the end',
    (runs) =>
      spread(
        runs.map((r) => r.lossRepeat),
        4,
      ),
  ],
  [
    'first step with `lossRepeat` below 1 nat',
    (runs) =>
      spread(
        runs.map((r) => r.drop),
        0,
      ),
  ],
  [
    'later steps above 1 nat again',
    (runs) =>
      spread(
        runs.map((r) => r.relapses),
        0,
      ),
  ],
  [
    'periods solved, of 18',
    (runs) =>
      spread(
        runs.map((r) => r.record.evidence.solved.length),
        0,
      ),
  ],
  ['loss at other periods', (runs) => spread(runs.map((r) => r.record.evidence.otherPeriodLoss))],
  [
    'loss at the boundary, best period',
    (runs) => spread(runs.map((r) => r.record.evidence.boundaryAtBest ?? Number.NaN)),
  ],
  [
    'loss at the boundary, other solved periods',
    (runs) => optional(runs.map((r) => r.record.evidence.boundaryElsewhere)),
  ],
  ['highest induction score (stripe)', (runs) => spread(runs.map((r) => top(r, (h) => h.inductionStripe.value)))],
  [
    'the same head without a repeat',
    (runs) => spread(runs.map((r) => topHead(r, (h) => h.inductionStripe.value).inductionStripeControl.value)),
  ],
  ['highest period-free excess', (runs) => spread(runs.map((r) => top(r, (h) => h.inductionExcess.value)))],
  ['heads whose attention follows the period', (runs) => counts(runs.map((r) => r.record.followers.length))],
  ['positional heads', (runs) => counts(runs.map((r) => r.record.positionalHeads.length))],
  ['highest previous-token score', (runs) => spread(runs.map((r) => top(r, (h) => h.previousToken.value)))],
  [
    'layer-0 heads with previous-token score above 0.38',
    (runs) =>
      counts(
        runs.map((r) => r.record.scores.heads.filter((h) => h.layer === 0 && h.previousToken.value > 0.38).length),
      ),
  ],
  [
    'largest effect of one layer-0 head on keys',
    (runs) => optional(runs.map((r) => maximum(r.record.evidence.keySources.map((s) => s.increase.value)))),
  ],
  [
    'that head has the highest previous-token score',
    (runs) =>
      counts(
        runs.flatMap((r) =>
          r.record.evidence.keySources.length === 0 ? [] : [keyBuilderHasTopScore(r) ? 'yes' : 'no'],
        ),
      ),
  ],
  ...(['k', 'q', 'v'] as const).map((path): [string, (runs: readonly Run[]) => string] => [
    `increase without the ${path.toUpperCase()} path`,
    (runs) => optional(runs.map((r) => r.record.evidence.paths.find((p) => p.path === path)?.increase.value ?? null)),
  ]),
];

type Head = AuditRecord['scores']['heads'][number];
const topHead = (run: Run, pick: (head: Head) => number): Head =>
  [...run.record.scores.heads].sort((a, b) => pick(b) - pick(a))[0]!;
const top = (run: Run, pick: (head: Head) => number): number => pick(topHead(run, pick));
const maximum = (values: readonly number[]): number | null => (values.length === 0 ? null : Math.max(...values));
const optional = (values: readonly (number | null)[]): string => {
  const present = values.filter((v): v is number => v !== null);
  return present.length === 0 ? '–' : spread(present);
};
const keyBuilderHasTopScore = (run: Run): boolean => {
  const builder = [...run.record.evidence.keySources].sort((a, b) => b.increase.value - a.increase.value)[0]!;
  return topHead(run, (h) => (h.layer === 0 ? h.previousToken.value : -1)).label === builder.label;
};

afterAll(() => {
  const complete = results.size === 4 && [...results.values()].every((runs) => runs.length === SEEDS);
  if (SEEDS < 8 || !complete) return; // a partial run does not replace the published table
  const names = [...results.keys()];
  const table = [
    `| ${['', ...names].join(' | ')} |`,
    `|${'---|'.repeat(names.length + 1)}`,
    ...ROWS.map(([what, cell]) => `| ${[what, ...names.map((n) => cell(results.get(n)!) || '–')].join(' | ')} |`),
  ].join('\n');
  const path = new URL('../../../docs/results.md', import.meta.url);
  const note = `${SEEDS} seeds each (1 to ${SEEDS}), ${engine.backend} kernels, Node ${process.versions.node}.`;
  const page = readFileSync(path, 'utf8').replace(
    /(<!-- presets:begin -->)[\s\S]*(<!-- presets:end -->)/,
    (_, begin: string, end: string) => `${begin}\n${note}\n\n${table}\n${end}`,
  );
  writeFileSync(path, page);
});
