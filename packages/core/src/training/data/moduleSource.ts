// The sequences that a data module makes, each looked at before anything is trained on it.

import { listed } from '../../errors/names.ts';
import { printable, quoted, shortened } from '../../errors/printable.ts';
import { RandomStream } from '../../random/randomStream.ts';
import { STREAMS } from '../../random/streams.ts';
import { type Queries, SEGMENT_NAME, type Segment, WHOLE } from '../../tasks/segments.ts';
import { type LossOn, queryCount, type SequenceSource, writeTargets } from '../../tasks/source.ts';
import { DataError, type DataModule, type GivenSequence, isModule, type ReadyData } from './trainingData.ts';

/** What a module is called in messages. */
const nameOf = ({ origin, url }: Pick<DataModule, 'origin' | 'url'>): string =>
  `data: ${printable(origin?.path ?? url ?? 'the module')}`;

/** The segments of a module, each with a name and a title. Throws a DataError for what cannot be one. */
export function moduleSegments(module: Pick<DataModule, 'segments' | 'origin' | 'url'>): readonly Segment[] {
  const { segments } = module;
  if (segments === undefined) return [WHOLE];
  const refuse = (what: string): never => {
    throw new DataError(
      `${nameOf(module)}: segments must be names such as "answer" (letters and digits, a small letter first), ${what}.`,
    );
  };
  if (!Array.isArray(segments) || segments.length === 0) return refuse(`got ${quoted(segments)}`);
  const named = (segments as (string | Segment)[]).map((segment) =>
    typeof segment === 'string'
      ? { name: segment, title: segment }
      : { ...segment, title: segment?.title ?? segment?.name },
  );
  for (const [i, { name }] of named.entries()) {
    if (typeof name !== 'string' || !SEGMENT_NAME.test(name)) refuse(`got ${quoted(segments[i])}`);
    if (named.findIndex((other) => other.name === name) < i) refuse(`got ${quoted(name)} twice`);
  }
  return named;
}

/** The segments by which the losses of data are told. */
export const dataSegments = (data: ReadyData): readonly Segment[] => (isModule(data) ? moduleSegments(data) : [WHOLE]);

interface ModuleSourceOptions {
  readonly seed: number;
  readonly batch: number;
  readonly length: number;
  readonly dVocab: number;
  readonly lossOn: LossOn;
}

/** One sequence as it is trained on. */
interface Made {
  readonly tokens: readonly number[];
  readonly segments: readonly Queries[];
  readonly trained: Queries | null;
}

/** The sequences of a module, as many in a batch as training asks for. */
export function moduleSource(module: DataModule, options: ModuleSourceOptions): SequenceSource {
  const { batch, length, lossOn } = options;
  const segments = moduleSegments(module);
  /** Where each sequence has to be known to count them, the step's are made once. */
  let made: { step: number; sequences: readonly Made[] } | null = null;
  const sequenceOf = (step: number, index: number): Made =>
    made?.step === step ? made.sequences[index]! : make(module, { ...options, step, index, segments });
  const all = (step: number, alive: () => void): readonly Made[] => {
    if (made?.step !== step)
      made = {
        step,
        sequences: Array.from({ length: batch }, (_, index) => {
          alive();
          return sequenceOf(step, index);
        }),
      };
    return made.sequences;
  };
  return {
    segments,
    counted(step, alive = () => {}) {
      const count = all(step, alive).reduce(
        (sum, { tokens, trained }) => sum + (trained === null ? tokens.length - 1 : queryCount(trained, tokens.length)),
        0,
      );
      if (count === 0)
        throw new DataError(
          `${nameOf(module)}, step ${step}: no sequence has a predictable query, so there is nothing to train on; name some, or set training.lossOn to "all".`,
        );
      return count;
    },
    fill(step, sequence, into, targets) {
      const { tokens, segments: queries, trained } = sequenceOf(step, sequence);
      into.fill(0, tokens.length, length);
      into.set(tokens);
      writeTargets(targets, into, { length: tokens.length, trained: lossOn === 'all' ? null : trained });
      return { length: tokens.length, segments: queries };
    },
  };
}

type MakeOptions = ModuleSourceOptions & {
  readonly step: number;
  readonly index: number;
  readonly segments: readonly Segment[];
};

/** Asks for a sequence and looks at the answer. Throws a DataError that names file, step and sequence. */
function make(module: DataModule, options: MakeOptions): Made {
  const { seed, step, index, length, dVocab, lossOn, segments } = options;
  const refuse = (sentence: string): never => {
    throw new DataError(`${nameOf(module)}, step ${step}, sequence ${index}: ${sentence}`);
  };
  const random = new RandomStream(seed, STREAMS.data, step, index);
  let answer: unknown;
  try {
    answer = module.sequence({ seed, step, index, random, length, dVocab });
  } catch (error) {
    const why = error instanceof Error ? error.message : quoted(error);
    return refuse(`sequence() threw: ${shortened(printable(why), 200)}`);
  }
  if (typeof answer !== 'object' || answer === null)
    return refuse(`sequence() must return tokens or { tokens, segments, predictable }, got ${quoted(answer)}.`);
  if (typeof (answer as { then?: unknown }).then === 'function') {
    Promise.resolve(answer).catch(() => {}); // this sentence tells of it
    return refuse(
      'sequence() returned a promise, and training does not wait; prepare what takes time when the module loads.',
    );
  }
  const given = answer as Exclude<GivenSequence, ArrayLike<number>>;
  const tokens = Array.from('tokens' in given ? (given.tokens ?? []) : (answer as ArrayLike<number>));
  if (tokens.length < 2 || tokens.length > length)
    return refuse(
      `it has ${tokens.length === 1 ? 'one token' : `${tokens.length} tokens`}, where this model takes 2 to ${length}; return that many, or change model.nCtx.`,
    );
  const wrong = tokens.findIndex((token) => !(Number.isInteger(token) && token >= 0 && token < dVocab));
  if (wrong >= 0)
    return refuse(
      `a token must be a whole number from 0 to ${dVocab - 1}, got ${quoted(tokens[wrong])} at position ${wrong}.`,
    );
  const queries = (what: string, value: unknown): Queries =>
    rangesOf(value, tokens.length) ??
    refuse(
      `${what} must be queries [from, to) within 0 to ${tokens.length - 1}, or a list of such pairs, ascending, got ${quoted(value)}.`,
    );
  const parts = given.segments ?? {};
  const unknown = Object.keys(parts).find((name) => !segments.some((segment) => segment.name === name));
  if (unknown !== undefined)
    return refuse(
      `it has a segment ${quoted(unknown)}, where the module names ${listed(
        segments.map(({ name }) => quoted(name)),
        10,
      )}; add it to the exported segments.`,
    );
  if (lossOn === 'predictable' && given.predictable === undefined)
    return refuse(
      'training.lossOn is "predictable", and it names no predictable queries; return { tokens, predictable: [from, to] }, or use "all".',
    );
  return {
    tokens,
    segments: segments.map(({ name }) => {
      if (segments[0] === WHOLE) return [[0, tokens.length - 1]];
      return parts[name] === undefined ? [] : queries(`segments.${name}`, parts[name]);
    }),
    trained: lossOn === 'all' ? null : queries('predictable', given.predictable),
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
