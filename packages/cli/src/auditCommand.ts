import { type AuditRecord, audit, type Estimate, type HeadScores, loadEngine } from '@induction-lab/core/node';
import { createFreshFolder } from './files.ts';
import { blameCheckpoint, loadCheckpoint } from './loadCheckpoint.ts';
import { SCHEMA_VERSION } from './runFolder.ts';
import { signedNumber, textTable } from './textTable.ts';

export interface AuditCommandOptions {
  json?: boolean;
  csv?: boolean;
  figures?: string;
  modelConfig?: string;
  sequences: number;
  seed: number;
  exact?: boolean;
}

/** `induction-lab audit`: scores and verdict of a checkpoint. */
export async function auditCommand(checkpoint: string, options: AuditCommandOptions): Promise<void> {
  const engine = await loadEngine({ exact: options.exact ?? false, shared: false });
  const model = loadCheckpoint(engine, checkpoint, options.modelConfig);
  const { sequences, seed } = options;
  const record = blameCheckpoint(checkpoint, () => audit(model, { sequences, seed }));
  if (options.figures !== undefined) {
    createFreshFolder(options.figures, '--figures');
    const { writeModelFigures } = await import('./modelFigures.ts');
    writeModelFigures(options.figures, model, record);
  }
  if (options.json) process.stdout.write(`${JSON.stringify(auditJson(record), null, 1)}\n`);
  else if (options.csv) process.stdout.write(scoresCsv(record));
  else process.stdout.write(auditText(checkpoint, record));
}

/** The record as written to analysis.json and printed by --json: the verdict a string, beside evidence and heads. */
export function auditJson(record: AuditRecord): Record<string, unknown> {
  const { scores, ...rest } = record;
  return { schemaVersion: SCHEMA_VERSION, ...rest, ...scores };
}

const COLUMNS = {
  previousToken: 'prev',
  previousTokenFirstHalf: 'prev 1st half',
  currentToken: 'current',
  firstToken: 'first',
  duplicateToken: 'duplicate',
  inductionStripe: 'stripe',
  inductionStripeControl: 'no repeat',
  inductionByContent: 'content',
  inductionExcess: 'excess',
  prefixMatching: 'prefix',
} as const;

const columnNames = Object.keys(COLUMNS) as (keyof typeof COLUMNS)[];

export function scoresCsv({ scores }: AuditRecord): string {
  const cell = (e: Estimate): string => `${e.value},${e.interval[0]},${e.interval[1]}`;
  const header = [
    'head',
    ...columnNames.flatMap((c) => [c, `${c}_low`, `${c}_high`]),
    'offset',
    'offsetAboveChance',
    'positionality',
  ];
  const row = (h: HeadScores): string =>
    [
      h.label,
      ...columnNames.map((c) => cell(h[c])),
      h.positionalOffset.offset,
      h.positionalOffset.aboveChance,
      h.positionality,
    ].join(',');
  return `${[header.join(','), ...scores.heads.map(row)].join('\n')}\n`;
}

/** The table that a terminal shows. */
export function auditText(checkpoint: string, record: AuditRecord): string {
  const { scores, evidence } = record;
  const number = (x: number): string => (Number.isNaN(x) ? '–' : x.toFixed(2));
  const table = [
    ['head', ...Object.values(COLUMNS), 'offset', 'kept', 'positional'],
    ['chance', ...columnNames.map((c) => number(scores.chance[c])), '', '0.00', ''],
    ...scores.heads.map((h) => [
      h.label,
      ...columnNames.map((c) => number(h[c].value)),
      String(h.positionalOffset.offset),
      number(h.positionalOffset.aboveChance),
      number(h.positionality),
    ]),
  ];
  const lines = textTable(table);
  const interval = (e: Estimate): string => `${e.value.toFixed(3)} [${e.interval.map((x) => x.toFixed(3)).join(', ')}]`;
  const periods = evidence.periods.map(
    (p) =>
      `  ${String(p.period).padStart(4)}  ${interval(p.lossRepeat).padEnd(24)} boundary ${p.lossBoundary.toFixed(2)}${p.solved ? '  solved' : ''}`,
  );
  return [
    checkpoint,
    '',
    ...lines,
    '',
    `Loss on the repeat by period, nats with 95 % interval (${evidence.sequences} sequences each; solved below ${evidence.solvedBelow.toFixed(2)}):`,
    ...periods,
    `  mean over the periods unrelated to the best one: ${evidence.otherPeriodLoss.toFixed(2)}`,
    ...(evidence.paths.length > 0
      ? ['', `Paths from earlier layers cut at periods ${evidence.pathPeriods.join(', ')}:`]
      : []),
    ...evidence.paths.map(
      (p) =>
        `  ${p.path.toUpperCase()}  ${signedNumber(p.increase.value)} nats [${p.increase.interval.map((x) => signedNumber(x)).join(', ')}]${p.excess === null ? '' : `, attention that follows the period ${p.excess.toFixed(2)}`}`,
    ),
    ...(evidence.keySources.length > 0
      ? [
          `  keys built by ${evidence.keySources.map((s) => `${s.label} ${signedNumber(s.increase.value)}`).join(', ')} nats`,
        ]
      : []),
    '',
    `Verdict: ${record.verdict}${evidence.close ? ' (a close call)' : ''}`,
    record.sentence,
    '',
  ].join('\n');
}
