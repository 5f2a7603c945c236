// metrics.jsonl: a record per step, scores now and then; and the tables and curves made of it.
import { closeSync, existsSync, openSync, readSync } from 'node:fs';
import { flatLosses, lossKey, segmentOfKey, withSegments } from '@induction-lab/core/internal';
import { quoted } from '@induction-lab/core/internal/printable';
import type { SegmentLosses } from '@induction-lab/core/node';
import { badInput } from '../errors.ts';

/** A line of metrics.jsonl. Losses in nats; `scores` every so many steps, `perPosition` on request. */
export interface MetricsRecord {
  readonly step: number;
  readonly loss?: number;
  /** By segment; in the file each is a key of its own, as `lossRepeat` for `repeat`. */
  readonly segments?: SegmentLosses;
  readonly learningRate?: number;
  readonly gradientNorm?: number;
  readonly tokensPerSecond?: number;
  readonly perPosition?: readonly (number | null)[];
  readonly scores?: readonly LoggedScores[];
}

export interface LoggedScores {
  readonly head: string;
  readonly previousToken: number;
  readonly inductionStripe: number;
  readonly inductionExcess: number;
  readonly positionalOffset: number;
}

const NUMBERS = ['loss', 'learningRate', 'gradientNorm', 'tokensPerSecond'] as const;
const SCORES = ['previousToken', 'inductionStripe', 'inductionExcess', 'positionalOffset'] as const;

/** A record as a line of the file, and of `--json`. */
export const metricsLine = (record: MetricsRecord): string =>
  JSON.stringify(record.segments ? flatLosses({ ...record, segments: record.segments }) : record);

/**
 * All records of a file; none where there is no file. A last line cut short by a kill is left out. Throws a CommandError
 * that names the first other line which is no record.
 */
export function readMetrics(path: string): MetricsRecord[] {
  if (!existsSync(path)) return [];
  const records: MetricsRecord[] = [];
  let number = 0;
  for (const { text, ended } of linesOf(path)) {
    number++;
    const record = text === '' ? undefined : parsed(text);
    if (record === undefined && (text === '' || !ended)) continue;
    const wrong = record === undefined ? `${quoted(text)} is not JSON` : complaintAbout(record);
    if (wrong !== null)
      throw badInput(`${path}, line ${number}: ${wrong}; remove that line or put back what train wrote.`);
    records.push(withSegments(record as Record<string, unknown>) as unknown as MetricsRecord);
  }
  return records;
}

/** What keeps a value from being a record, if anything does. */
function complaintAbout(value: unknown): string | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return `${quoted(value)} is no record of a step`;
  const record = value as MetricsRecord;
  if (!Number.isSafeInteger(record.step) || record.step < 0)
    return `step must be a whole number of at least 0, got ${quoted(record.step)}`;
  for (const [field, number] of Object.entries(value))
    if ((isOneOf(NUMBERS, field) || segmentOfKey(field) !== null) && !isNumber(number))
      return notANumber(field, number);
  const { perPosition, scores } = record;
  if (
    perPosition !== undefined &&
    !(Array.isArray(perPosition) && perPosition.every((x) => x !== undefined && isNumber(x)))
  )
    return `perPosition must be a list of numbers, got ${quoted(perPosition)}`;
  return scores === undefined ? null : complaintAboutScores(scores);
}

function complaintAboutScores(scores: unknown): string | null {
  if (!Array.isArray(scores)) return `scores must be a list, got ${quoted(scores)}`;
  for (const score of scores as (LoggedScores | null)[]) {
    if (typeof score?.head !== 'string') return `scores must name a head each, got ${quoted(score)}`;
    for (const field of SCORES) if (!isNumber(score[field])) return notANumber(`scores.${field}`, score[field]);
  }
  return null;
}

/** Not there, a number, or null: JSON's word for one that is not finite, and for a part that a task does not have. */
const isNumber = (value: unknown): boolean => value === undefined || value === null || typeof value === 'number';

const notANumber = (field: string, value: unknown): string => `${field} must be a number, got ${quoted(value)}`;

const isOneOf = (names: readonly string[], name: string): boolean => names.includes(name);

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Bytes read at a time, and the longest line: a loss at each of 4096 positions takes 100 kB. */
const CHUNK = 1 << 20;
const LONGEST = 16 * CHUNK;

/** The lines of a file of any size, and whether a line break ended them. */
function* linesOf(path: string): Generator<{ text: string; ended: boolean }> {
  const file = openSync(path, 'r');
  try {
    const chunk = Buffer.alloc(CHUNK);
    let rest = Buffer.alloc(0);
    for (let count = 0, read = readSync(file, chunk); read > 0; read = readSync(file, chunk)) {
      const bytes = Buffer.concat([rest, chunk.subarray(0, read)]);
      let from = 0;
      for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, from)) {
        yield { text: bytes.toString('utf8', from, end), ended: true };
        from = end + 1;
        count++;
      }
      rest = bytes.subarray(from);
      if (rest.length > LONGEST)
        throw badInput(`${path}, line ${count + 1}: it is over 16 MiB long; put back what train wrote.`);
    }
    if (rest.length > 0) yield { text: rest.toString('utf8'), ended: false };
  } finally {
    closeSync(file);
  }
}

/** The step records as CSV with a header; empty cells where a step has no such loss. Scores and positions stay in JSON. */
export function metricsCsv(records: readonly MetricsRecord[]): string {
  const steps = records.filter(({ loss }) => loss !== undefined);
  const segments = [...new Set(steps.flatMap((record) => Object.keys(record.segments ?? {})))];
  const [loss, ...others] = NUMBERS;
  const row = (record: MetricsRecord): (number | string)[] => [
    record.step,
    record[loss] ?? '',
    ...segments.map((name) => record.segments?.[name] ?? ''),
    ...others.map((name) => record[name] ?? ''),
  ];
  return [['step', loss, ...segments.map(lossKey), ...others], ...steps.map(row)]
    .map((cells) => `${cells.join(',')}\n`)
    .join('');
}

/** A point of the curves: the losses of a step by segment. */
export interface LossPoint {
  readonly step: number;
  readonly segments: SegmentLosses;
}

/** The curve points of the step records. */
export const lossPoints = (metrics: readonly MetricsRecord[]): LossPoint[] =>
  metrics.flatMap(({ step, segments = {} }) =>
    Object.values(segments).some((loss) => loss !== null) ? [{ step, segments }] : [],
  );
