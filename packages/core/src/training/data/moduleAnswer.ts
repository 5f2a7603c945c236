// One sequence of a data module: asked for, looked at, and copied, so that nothing the module does later reaches it.
import { listed } from '../../errors/names.ts';
import { quoted } from '../../errors/printable.ts';
import { RandomStream } from '../../random/randomStream.ts';
import { STREAMS } from '../../random/streams.ts';
import { type Queries, type Segment, WHOLE } from '../../tasks/segments.ts';
import type { SourceOptions } from '../../tasks/source.ts';
import { thrownText } from './moduleError.ts';
import { nameOf } from './moduleSegments.ts';
import { DataError, type DataModule } from './trainingData.ts';

export type AskOptions = SourceOptions & {
  readonly step: number;
  readonly index: number;
  readonly segments: readonly Segment[];
};

/** One sequence as it is trained on. */
export interface Made {
  readonly tokens: readonly number[];
  readonly segments: readonly Queries[];
  readonly trained: Queries | null;
}

/** What a module answered, with everything that is looked at read once. */
interface Answer {
  readonly tokens: readonly unknown[];
  readonly parts: Readonly<Record<string, unknown>>;
  readonly predictable: unknown;
}

type Refuse = (sentence: string) => never;

/** Asks for a sequence and looks at the answer. Throws a DataError that names file, step and sequence. */
export function askModule(module: DataModule, options: AskOptions): Made {
  const { seed, step, index, length, dVocab } = options;
  const refuse: Refuse = (sentence) => {
    throw new DataError(`${nameOf(module)}, step ${step}, sequence ${index}: ${sentence}`);
  };
  const random = new RandomStream(seed, STREAMS.data, step, index);
  let answer: Answer;
  try {
    answer = readAnswer(module.sequence({ seed, step, index, random, length, dVocab }), length, refuse);
  } catch (error) {
    if (error instanceof DataError) throw error;
    return refuse(`sequence() threw${thrownText(error, module.url)}`);
  }
  return checkedAnswer(answer, options, refuse);
}

/** Reads an answer, which may be anything: an endless iterator, a proxy, an array that the module will use again. */
function readAnswer(answer: unknown, length: number, refuse: Refuse): Answer {
  if (typeof answer !== 'object' || answer === null)
    return refuse(`sequence() must return tokens or { tokens, segments, predictable }, got ${quoted(answer)}.`);
  if (typeof (answer as { then?: unknown }).then === 'function') {
    Promise.resolve(answer).catch(() => {}); // this sentence tells of it
    return refuse(
      'sequence() returned a promise, and training does not wait; prepare what takes time when the module loads.',
    );
  }
  const told = 'tokens' in answer;
  const given = (told ? answer : { tokens: answer }) as Record<'tokens' | 'segments' | 'predictable', unknown>;
  const { tokens, segments = {}, predictable } = given;
  const count = typeof tokens === 'object' && tokens !== null ? (tokens as ArrayLike<unknown>).length : undefined;
  if (!Number.isInteger(count) || count! < 0)
    return refuse(`${told ? 'tokens' : 'its answer'} must be an array of tokens, got ${quoted(tokens)}.`);
  if (count! < 2 || count! > length)
    return refuse(
      `it has ${count === 1 ? 'one token' : `${count} tokens`}, where this model takes 2 to ${length}; return that many, or change model.nCtx.`,
    );
  if (typeof segments !== 'object' || segments === null || Array.isArray(segments))
    return refuse(`segments must be an object such as { answer: [from, to] }, got ${quoted(segments)}.`);
  return {
    tokens: Array.from({ length: count! }, (_, t) => (tokens as ArrayLike<unknown>)[t]),
    parts: copied({ ...segments }) as Record<string, unknown>,
    predictable: copied(predictable),
  };
}

/** A copy of plain lists and records of ranges; anything else stays, and is refused where it is looked at. */
function copied(value: unknown, depth = 0): unknown {
  if (typeof value !== 'object' || value === null || depth > 2) return value;
  if (Array.isArray(value)) return Array.from(value, (x) => copied(x, depth + 1));
  if (depth > 0) return value;
  return Object.fromEntries(Object.entries(value).map(([name, x]) => [name, copied(x)]));
}

/** An answer as it is trained on, if all of it can be. */
function checkedAnswer({ tokens, parts, predictable }: Answer, options: AskOptions, refuse: Refuse): Made {
  const { dVocab, lossOn, segments } = options;
  const wrong = tokens.findIndex(
    (token) => !(Number.isInteger(token) && (token as number) >= 0 && (token as number) < dVocab),
  );
  if (wrong >= 0) {
    const bigint = typeof tokens[wrong] === 'bigint' ? 'the bigint ' : '';
    return refuse(
      `a token must be a whole number from 0 to ${dVocab - 1}, got ${bigint}${quoted(tokens[wrong])} at position ${wrong}.`,
    );
  }
  const queries = (what: string, value: unknown): Queries =>
    rangesOf(value, tokens.length) ??
    refuse(
      `${what} must be queries [from, to) within 0 to ${tokens.length - 1}, or a list of such pairs, ascending, got ${quoted(value)}.`,
    );
  const unknown = Object.keys(parts).find((name) => !segments.some((segment) => segment.name === name));
  if (unknown !== undefined)
    return refuse(
      `it has a segment ${quoted(unknown)}, where the module names ${listed(
        segments.map(({ name }) => quoted(name)),
        10,
      )}; add it to the exported segments.`,
    );
  if (lossOn === 'predictable' && predictable === undefined)
    return refuse(
      'training.lossOn is "predictable", and it names no predictable queries; return { tokens, predictable: [from, to] }, or use "all".',
    );
  return {
    tokens: tokens as readonly number[],
    segments: segments.map(({ name }) => {
      if (segments[0] === WHOLE) return [[0, tokens.length - 1]];
      const given = Object.hasOwn(parts, name) ? parts[name] : undefined;
      return given === undefined ? [] : queries(`segments.${name}`, given);
    }),
    trained: lossOn === 'all' ? null : queries('predictable', predictable),
  };
}

/** One range or a list of them as a list; null for what is neither, or does not ascend within the queries that have a target. */
function rangesOf(value: unknown, length: number): Queries | null {
  if (!Array.isArray(value)) return null;
  const ranges = (value.length === 2 && value.every((x) => typeof x === 'number') ? [value] : value) as unknown[];
  let last = 0;
  for (const range of ranges) {
    if (!Array.isArray(range) || range.length !== 2) return null;
    const [from, to] = range as [number, number];
    if (!(Number.isInteger(from) && Number.isInteger(to) && from >= last && from <= to && to <= length - 1))
      return null;
    last = to;
  }
  return ranges as unknown as Queries;
}
