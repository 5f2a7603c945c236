// Detectors that users give, checked before anything is run: as values, and by what they answer for every query.
import * as z from 'zod/mini';
import { ArgumentError, aFunction, checkArgument, must } from '../../errors/arguments.ts';
import { printable, quoted, shortened } from '../../errors/printable.ts';
import { type Detector, PROBES } from './detector.ts';
import type { Probes } from './scoredDetectors.ts';

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

/**
 * Asks detectors about every query of their sequences. Throws a DetectorError that names detector, sequence and query where
 * an answer is no list of keys that the query sees, or that says which detector counts no query at all.
 */
export function checkAnswers(caller: string, detectors: readonly Detector[], probes: Probes): void {
  for (const detector of detectors) {
    const on = detector.on ?? 'repeat';
    const counted = probes[on].map((tokens, sequence) => countedIn(caller, detector, { tokens, sequence }));
    if (counted.some((count) => count > 0)) continue;
    throw new DetectorError(
      `${caller}: the detector ${quoted(detector.name)} counts no query of the ${counted.length} sequences of the kind "${on}", so there is nothing to measure; look at its keys, or at \`on\`.`,
    );
  }
}

interface Asked {
  readonly tokens: Int32Array;
  readonly sequence: number;
}

/** How many queries count. */
function countedIn(caller: string, detector: Detector, { tokens, sequence }: Asked): number {
  let count = 0;
  for (let query = 0; query < tokens.length - 1; query++) {
    const refuse = (what: string): never => {
      throw new DetectorError(
        `${caller}: the detector ${quoted(detector.name)} ${what} at query ${query} of sequence ${sequence}; it must give keys from 0 to the query, ${query}, each once, or none.`,
      );
    };
    const keys = answerOf(() => detector.keys(tokens, query), refuse);
    checkKeys(keys, query, refuse);
    const counts: unknown = detector.counts
      ? answerOf(() => detector.counts!(tokens, query), refuse)
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
    const text = error instanceof Error ? error.message : String(error);
    return refuse(`threw "${shortened(printable(text), 200)}"`);
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
