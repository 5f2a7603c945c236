// The parts of sequences that a data module names, by which losses are told.
import { printable, quoted } from '../../errors/printable.ts';
import { SEGMENT_NAME, type Segment, WHOLE } from '../../tasks/segments.ts';
import { DataError, type DataModule, isModule, type ReadyData } from './trainingData.ts';

/** What a module is called in messages. */
export const nameOf = ({ origin, url }: Pick<DataModule, 'origin' | 'url'>): string =>
  `data: ${printable(origin?.path ?? url ?? 'the module')}`;

/** What a segment may say of itself beside its name: how records take it, and threads. */
const FIELDS: Readonly<Record<string, (value: unknown) => boolean>> = {
  name: (value) => typeof value === 'string' && SEGMENT_NAME.test(value),
  title: (value) => value === undefined || (typeof value === 'string' && value !== ''),
  predictable: (value) => value === undefined || typeof value === 'boolean',
  single: (value) => value === undefined || typeof value === 'boolean',
};

/** A segment as it stands in records; null for what is none. */
function segmentOf(given: unknown): Segment | null {
  const segment = typeof given === 'string' ? { name: given } : (given as Partial<Segment> | null);
  if (typeof segment !== 'object' || segment === null) return null;
  if (Object.keys(segment).some((key) => !Object.hasOwn(FIELDS, key))) return null;
  if (!Object.entries(FIELDS).every(([key, fits]) => fits((segment as Record<string, unknown>)[key]))) return null;
  const { name, title = name, predictable, single } = segment as Segment;
  return {
    name,
    title: printable(title),
    ...(predictable ? { predictable } : {}),
    ...(single ? { single } : {}),
  };
}

/** The segments of a module, each with a name and a title. Throws a DataError for what cannot be one. */
export function moduleSegments(module: Pick<DataModule, 'segments' | 'origin' | 'url'>): readonly Segment[] {
  const { segments } = module;
  if (segments === undefined) return [WHOLE];
  const refuse = (what: string): never => {
    throw new DataError(
      `${nameOf(module)}: segments must be names such as "answer" (letters and digits, a small letter first) or { name, title, predictable: true }, ${what}.`,
    );
  };
  if (!Array.isArray(segments) || segments.length === 0) return refuse(`got ${quoted(segments)}`);
  const named = Array.from(segments, (segment) => segmentOf(segment) ?? refuse(`got ${quoted(segment)}`));
  for (const [i, { name }] of named.entries())
    if (named.findIndex((other) => other.name === name) < i) refuse(`got ${quoted(name)} twice`);
  return named;
}

/** The segments by which the losses of data are told. */
export const dataSegments = (data: ReadyData): readonly Segment[] => (isModule(data) ? moduleSegments(data) : [WHOLE]);
