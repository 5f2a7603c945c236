// Detectors that users give, checked before anything is run: as values, and by what they answer for every query.
import * as z from 'zod/mini';
import { ArgumentError, aFunction, checkArgument, must } from '../../errors/arguments.ts';
import { quoted, thrown } from '../../errors/printable.ts';
import { type Detector, PROBES } from './detector.ts';

const schema = z.array(
  z.strictObject({
    name: must(
      'be a name of 1 to 40 characters',
      (name) => typeof name === 'string' && name.trim() !== '' && name.length <= 40,
    ),
    keys: aFunction,
    counts: z.optional(aFunction),
    on: z.optional(z.enum(PROBES)),
  }),
);

/** A detector that is none, or that answers what cannot be meant. */
export class DetectorError extends ArgumentError {}

/** Throws a DetectorError unless these are detectors with names that tell them apart. */
export function checkDetectors(caller: string, detectors: unknown): void {
  try {
    checkArgument(caller, 'options.detectors', schema, detectors);
  } catch (error) {
    throw new DetectorError((error as Error).message);
  }
  const names = (detectors as readonly Detector[]).map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) < i);
  if (twice !== undefined)
    throw new DetectorError(`${caller}: two detectors are called ${quoted(twice)}; give each a name of its own.`);
}

/** The sequences that a detector is asked about, each with its queries; what they are called, and what may be wrong where none counts. */
export interface AskedSequences {
  readonly sequences: readonly { readonly tokens: ArrayLike<number>; readonly queries: readonly number[] }[];
  readonly called: string;
  readonly remedy: string;
}

/**
 * Asks detectors about every query of their sequences. Throws a DetectorError that names detector, sequence and query where
 * an answer is no list of keys that the query sees, or that says which detector counts no query at all.
 */
export function checkAnswers(
  caller: string,
  detectors: readonly Detector[],
  askedOf: (detector: Detector) => AskedSequences,
): void {
  for (const detector of detectors) {
    const { sequences, called, remedy } = askedOf(detector);
    const counted = sequences.map((asked, sequence) => countedIn(caller, detector, { ...asked, sequence }));
    if (counted.some((count) => count > 0)) continue;
    throw new DetectorError(
      `${caller}: the detector ${quoted(detector.name)} counts no query of the ${counted.length} ${called}, so there is nothing to measure; look at ${remedy}.`,
    );
  }
}

/** The same detector, handed copies and asked for copies: whatever it does to its arrays changes nothing that is measured. */
export const onCopies = (detector: Detector): Detector => ({
  name: detector.name,
  keys: (tokens, query) => [...detector.keys(copyOf(tokens), query)],
  ...(detector.counts ? { counts: (tokens, query) => detector.counts!(copyOf(tokens), query) } : {}),
  ...(detector.on === undefined ? {} : { on: detector.on }),
});

const copyOf = (tokens: ArrayLike<number>): Int32Array => Int32Array.from(tokens);

interface Asked {
  readonly tokens: ArrayLike<number>;
  readonly queries: readonly number[];
  readonly sequence: number;
}

/** How many queries count. */
function countedIn(caller: string, detector: Detector, { tokens, queries, sequence }: Asked): number {
  let count = 0;
  for (const query of queries) {
    const refuse = (what: string): never => {
      throw new DetectorError(
        `${caller}: the detector ${quoted(detector.name)} ${what} at query ${query} of sequence ${sequence}; it must give keys from 0 to the query, ${query}, each once, or none.`,
      );
    };
    const keys = answerOf(() => detector.keys(copyOf(tokens), query), refuse);
    checkKeys(keys, query, refuse);
    const counts: unknown = detector.counts
      ? answerOf(() => detector.counts!(copyOf(tokens), query), refuse)
      : (keys as readonly number[]).length > 0;
    if (typeof counts !== 'boolean') refuse(`says with counts() ${quoted(counts)}, neither true nor false,`);
    if (counts) count++;
  }
  return count;
}

function answerOf<T>(ask: () => T, refuse: (what: string) => never): T {
  try {
    return ask();
  } catch (error) {
    return refuse(`threw "${thrown(error)}"`);
  }
}

function checkKeys(keys: unknown, query: number, refuse: (what: string) => never): void {
  if (!Array.isArray(keys)) refuse(`gives ${quoted(keys)}, no array of keys,`);
  const list = keys as readonly unknown[];
  for (let i = 0; i < list.length; i++) {
    const key = list[i] as number;
    if (!Number.isInteger(key)) refuse(`gives ${quoted(key)} as a key`);
    if (key > query) refuse(`looks into the future, at key ${key},`);
    if (key < 0) refuse(`looks at key ${key}, before the sequence,`);
    if (list.indexOf(key) < i) refuse(`names key ${key} twice`);
  }
}
