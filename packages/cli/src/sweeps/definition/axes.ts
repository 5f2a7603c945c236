// An axis of a sweep: the settings that it goes through, from a list, a range or random draws.

import { checkArgument, exactExp, exactLog } from '@induction-lab/core/internal';
import { listed } from '@induction-lab/core/internal/names';
import { quoted } from '@induction-lab/core/internal/printable';
import { RandomStream, STREAMS } from '@induction-lab/core/node';
import { badInput } from '../../errors.ts';
import { AXIS_KINDS, AXIS_SCHEMAS, type AxisJson, type AxisKind, type Spacing } from './sweepSchema.ts';

/** One place on an axis: what it is called, and the fields that it sets, by dotted path. */
export interface Setting {
  readonly label: string;
  readonly set: Readonly<Record<string, unknown>>;
}

export interface Axis {
  /** The field that it sets, or the name it was given. */
  readonly name: string;
  readonly settings: readonly Setting[];
}

/** Reads an axis; `at` is where it stands, `name` the number of its stream of draws. Throws what checkArgument throws. */
export function readAxis(
  json: object,
  { file, at, stream }: { file: string; at: string; stream: readonly number[] },
): Axis {
  const kinds = AXIS_KINDS.filter((kind) => kind in json);
  if (kinds.length !== 1)
    throw badInput(
      `${file}: ${at} ${kinds.length === 0 ? 'says nowhere what it goes through' : `has ${listed(kinds)} at once`}; give it one of ${AXIS_KINDS.join(', ')}.`,
    );
  const kind = kinds[0] as AxisKind;
  checkArgument(file, at, AXIS_SCHEMAS[kind], json);
  const axis = READERS[kind](json as never, { file, at, stream });
  const labels = axis.settings.map(({ label }) => label);
  const twice = labels.find((label, i) => labels.indexOf(label) !== i);
  if (twice !== undefined && kind !== 'draw')
    throw badInput(
      `${file}: ${at} goes through ${quoted(twice)} twice; leave one out${kind === 'values' ? ', or tell them apart by labels' : ''}.`,
    );
  return axis;
}

type Where = { readonly file: string; readonly at: string; readonly stream: readonly number[] };

const READERS: { readonly [Kind in AxisKind]: (json: AxisJson[Kind], where: Where) => Axis } = {
  values: ({ field, values, labels }, { file, at }) => {
    if (labels && labels.length !== values.length)
      throw badInput(`${file}: ${at} has ${labels.length} labels for ${values.length} values; give one for each.`);
    return {
      name: field,
      settings: values.map((value, i) => ({ label: labels?.[i] ?? labelOf(value), set: { [field]: value } })),
    };
  },
  range: ({ field, range }, { file, at }) => {
    checkSpacing(range, `${file}: ${at}.range`);
    const { count } = range;
    const values = Array.from({ length: count }, (_, i) => between(range, count === 1 ? 0 : i / (count - 1)));
    return { name: field, settings: values.map((value) => ({ label: labelOf(value), set: { [field]: value } })) };
  },
  settings: ({ name, settings }) => ({ name, settings }),
  draw: ({ name, draw }, { file, at, stream }) => {
    const fields = Object.entries(draw.fields);
    if (fields.length === 0) throw badInput(`${file}: ${at}.draw.fields names no field; name what is to be drawn.`);
    for (const [field, from] of fields)
      if (!('values' in from)) checkSpacing(from, `${file}: ${at}.draw.fields.${field}`);
    const random = new RandomStream(draw.seed ?? 0, STREAMS.sweepDraws, ...stream);
    const settings = Array.from({ length: draw.count }, (_, i) => ({
      label: fields.length === 1 ? '' : `draw ${i + 1}`,
      set: Object.fromEntries(
        fields.map(([field, from]) => [
          field,
          'values' in from ? from.values[random.below(from.values.length)] : between(from, random.uniform()),
        ]),
      ),
    }));
    const named = settings.map((s) => (s.label === '' ? { ...s, label: labelOf(Object.values(s.set)[0]) } : s));
    return { name: name ?? (fields.length === 1 ? fields[0]![0] : 'draw'), settings: named };
  },
};

function checkSpacing({ from, to, scale }: Spacing, at: string): void {
  if (!(from <= to)) throw badInput(`${at} goes from ${from} to ${to}; write the smaller one first.`);
  if (scale === 'log' && !(from > 0))
    throw badInput(`${at} is logarithmic from ${from}; begin above 0, or make it linear.`);
}

/** A share of the way, in arithmetic that is the same everywhere: the number becomes part of what a run is. */
function between({ from, to, scale, whole }: Spacing, share: number): number {
  if (share === 0) return from;
  if (share === 1) return to;
  const value = scale === 'log' ? from * exactExp(share * exactLog(to / from)) : from + share * (to - from);
  return whole ? Math.round(value) : Number(value.toPrecision(4));
}

/** A value as a figure or a table calls it: "0.005", "10–25", "none". */
export function labelOf(value: unknown): string {
  if (value === null) return 'none';
  if (typeof value === 'string') return value;
  if (Array.isArray(value) && value.length === 2 && value.every((x) => typeof x === 'number'))
    return value[0] === value[1] ? `${value[0]} only` : `${value[0]}–${value[1]}`;
  return quoted(value, 40);
}
