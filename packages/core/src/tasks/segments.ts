// A segment is a named set of queries of a sequence, over which the loss is told apart. Its name stands in records: a
// segment `repeat` is `lossRepeat` in metrics.jsonl and wherever a record is flat.

/** A named set of the queries of a sequence. */
export interface Segment {
  /** Letters and digits, the first a small letter. */
  readonly name: string;
  /** What people read, as in "loss on the repeat". */
  readonly title: string;
  /** What a model that has learned the task can tell. */
  readonly predictable?: true;
  /** One position of each sequence, so that a batch's loss there is noisy. */
  readonly single?: true;
}

/** Query positions as ranges [from, to), ascending. */
export type Queries = readonly (readonly [from: number, to: number])[];

/** Mean losses by segment, nats; null where no sequence of the batch has such a query. */
export type SegmentLosses = Readonly<Record<string, number | null>>;

/** What a source of sequences has that names no segments: one of all queries. */
export const WHOLE: Segment = { name: 'all', title: 'whole sequence' };

/** What a segment may be called. */
export const SEGMENT_NAME: RegExp = /^[a-z][a-zA-Z0-9]*$/;

/** The segment that a run is about: the first that can be predicted, or else the first. */
export const mainSegment = (segments: readonly Segment[]): Segment =>
  segments.find(({ predictable }) => predictable) ?? segments[0] ?? WHOLE;

/** The key of a segment's loss in a flat record. */
export const lossKey = (name: string): string => `loss${name.charAt(0).toUpperCase()}${name.slice(1)}`;

/** The segment that a key of a flat record is the loss of; null for any other key. */
export function segmentOfKey(key: string): string | null {
  const found = /^loss([A-Z][a-zA-Z0-9]*)$/.exec(key)?.[1];
  return found === undefined ? null : `${found.charAt(0).toLowerCase()}${found.slice(1)}`;
}

/** A record with its segments' losses as fields of its own, where `segments` was. */
export function flatLosses<T extends { readonly segments: SegmentLosses }>(record: T): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(record).flatMap(([key, value]): [string, unknown][] =>
      key === 'segments'
        ? Object.entries(value as SegmentLosses).map(([name, loss]) => [lossKey(name), loss])
        : [[key, value]],
    ),
  );
}

/** A flat record with its losses by segment in `segments`, where the first of them was; without it where there is none. */
export function withSegments(flat: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const segments: Record<string, unknown> = {};
  const record: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(flat)) {
    const name = segmentOfKey(key);
    if (name === null) record[key] = value;
    else {
      record.segments = segments;
      segments[name] = value;
    }
  }
  return record;
}
