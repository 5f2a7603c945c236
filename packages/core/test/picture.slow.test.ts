// The promised picture over 16 seeds, and what the same data give without competition over 8: counts and spread go to
// docs/results.md. SEEDS sets how many seeds `picture` gets.
import { afterAll, expect, test } from 'vitest';
import { prove } from '../src/circuits/claims/prove.ts';
import { loadEngine } from '../src/node.ts';
import { type Picture, PROPERTIES, pictureOf } from './support/picture.ts';
import { counts, resultTable, spread, writeResults } from './support/results.ts';

const SEEDS = Number(process.env.SEEDS ?? 16);
const HUBS = 8;
const FIRST = 101;
/** Of 16, as many as must have each property, and all of them. */
const NEEDED = 15 / 16;

interface Run extends Picture {
  readonly kind: string;
}

const runs = new Map<'picture' | 'hub', Run[]>([
  ['picture', []],
  ['hub', []],
]);

async function trainAll(preset: 'picture' | 'hub', count: number): Promise<Run[]> {
  const all = runs.get(preset)!;
  for (let seed = FIRST; seed < FIRST + count; seed++) {
    const picture = await pictureOf(preset, seed);
    all.push({ ...picture, kind: prove(picture.model, { audit: picture.record }).kind ?? 'none' });
  }
  return all;
}

const complete = (run: Picture): boolean => Object.values(PROPERTIES).every((holds) => holds(run));

test(`all five properties of the picture in at least 15 of 16 seeds`, async () => {
  const all = await trainAll('picture', SEEDS);
  expect(all.filter(complete).length).toBeGreaterThanOrEqual(NEEDED * SEEDS);
  expect(all.filter(({ record }) => record.verdict === 'induction').length).toBeGreaterThanOrEqual(NEEDED * SEEDS);
}, 1_800_000);

test('without competition, a pair hub in at least half of the seeds', async () => {
  const all = await trainAll('hub', HUBS);
  const hubs = all.filter(({ record, kind }) => record.verdict === 'other circuit' && kind === 'pair hub');
  expect(hubs.length).toBeGreaterThanOrEqual(HUBS / 2);
}, 1_800_000);

/** One thing changed in `picture`, and whether that must spoil it. */
const CHANGES: readonly { what: string; spoils: boolean; change: Parameters<typeof pictureOf>[2] }[] = [
  {
    what: 'no start token',
    spoils: true,
    change: ({ task, model }) => {
      task.bos = false;
      model.nCtx = 50;
      model.dVocab = 64;
    },
  },
  {
    what: 'tokens drawn with replacement',
    spoils: true,
    change: ({ task }) => {
      task.distinct = false;
    },
  },
  {
    what: 'competition 2',
    spoils: false,
    change: ({ training }) => {
      training.competition = 2;
    },
  },
  {
    what: 'competition 1',
    spoils: false,
    change: ({ training }) => {
      training.competition = 1;
    },
  },
  {
    what: 'competition for 200 steps',
    spoils: false,
    change: ({ training }) => {
      training.competitionSteps = [1, 200];
    },
  },
];
const CHANGED_SEEDS = [1, 2, 3, 4];
const changed = new Map<string, Picture[]>();

test.for(CHANGES)('what the picture takes: $what', { timeout: 1_800_000 }, async ({ what, spoils, change }) => {
  const all: Picture[] = [];
  for (const seed of CHANGED_SEEDS) all.push(await pictureOf('picture', seed, change));
  changed.set(what, all);
  const whole = all.filter((run) => Object.values(PROPERTIES).every((holds) => holds(run))).length;
  if (spoils) expect(whole).toBeLessThan(CHANGED_SEEDS.length / 2);
});

/** How many have each property, in one table. */
function changedTable(): string[] {
  const names = Object.keys(PROPERTIES);
  const row = ([what, all]: [string, readonly Picture[]]): string => {
    const have = names.map((name) => all.filter((run) => PROPERTIES[name]!(run)).length);
    const whole = all.filter((run) => names.every((name) => PROPERTIES[name]!(run))).length;
    return `| ${[what, `${whole} of ${all.length}`, ...have].join(' | ')} |`;
  };
  return [
    `| ${['changed', 'all five', ...names].join(' | ')} |`,
    `|${'---|'.repeat(names.length + 2)}`,
    ...[...changed].map(row),
  ];
}

const path =
  (input: 'q' | 'k' | 'v') =>
  (all: readonly Run[]): string =>
    spread(all.map(({ record }) => record.evidence.paths.find((p) => p.path === input)?.increase.value ?? Number.NaN));

const ROWS: [string, (all: readonly Run[]) => string][] = [
  ['verdict', (all) => counts(all.map(({ record }) => record.verdict))],
  ['proof', (all) => counts(all.map(({ kind }) => kind))],
  ...Object.entries(PROPERTIES).map(([name, holds]): (typeof ROWS)[number] => [
    name,
    (all) => `${all.filter(holds).length} of ${all.length}`,
  ]),
  ['all five', (all) => `${all.filter(complete).length} of ${all.length}`],
  [
    '`lossFirst` at the end',
    (all) =>
      spread(
        all.map(({ lossFirst }) => lossFirst),
        3,
      ),
  ],
  [
    '`lossRepeat` at the end',
    (all) =>
      spread(
        all.map(({ lossRepeat }) => lossRepeat),
        4,
      ),
  ],
  [
    'first step with `lossRepeat` below 1 nat',
    (all) =>
      spread(
        all.map(({ drop }) => drop),
        0,
      ),
  ],
  ['largest previous-token score of layer 0', (all) => spread(all.map(({ previousToken }) => previousToken[0]!))],
  ['… the second largest', (all) => spread(all.map(({ previousToken }) => previousToken[1]!))],
  ['largest excess of layer 1', (all) => spread(all.map(({ excess }) => excess[0]!))],
  ['… the second largest', (all) => spread(all.map(({ excess }) => excess[1]!))],
  [
    'the six others zero-ablated together, nats on the repeat',
    (all) =>
      spread(
        all.map(({ quiet }) => quiet),
        4,
      ),
  ],
  ['increase without the K path', path('k')],
  ['increase without the Q path', path('q')],
  ['increase without the V path', path('v')],
  [
    'loss at other periods',
    (all) =>
      spread(
        all.map(({ record }) => record.evidence.otherPeriodLoss),
        3,
      ),
  ],
];

afterAll(async () => {
  if (changed.size === CHANGES.length) writeResults('picture-takes', changedTable());
  const [picture, hub] = [runs.get('picture')!, runs.get('hub')!];
  if (picture.length === 0 && hub.length === 0) return;
  const { backend } = await loadEngine();
  const note = `\`picture\`: ${picture.length} seeds, \`hub\`: ${hub.length} seeds, from ${FIRST} on; ${backend} kernels, Node ${process.versions.node}.`;
  const lines = [note, '', ...resultTable(ROWS, runs)];
  console.log(lines.join('\n'));
  if (picture.length >= 16 && hub.length >= HUBS) writeResults('picture', lines); // a partial run replaces nothing
});
