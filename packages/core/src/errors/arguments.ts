// What callers hand over, checked by a schema and refused in one sentence. Plain JavaScript, links and files have no type
// checker: an unknown field is refused as much as a wrong one, with the nearest right name.
import * as z from 'zod/mini';
import { ArgumentError } from './argumentError.ts';
import { listed, nearest } from './names.ts';
import { printable, quoted, shortened } from './printable.ts';

export { ArgumentError };

/**
 * Checks a value against a schema and throws an ArgumentError at the first thing wrong: `caller: what.field ...`. Changes
 * nothing and returns nothing: defaults stay the caller's business.
 */
export function checkArgument(caller: string, what: string, schema: z.ZodMiniType, value: unknown): void {
  const result = schema.safeParse(value, { reportInput: true });
  if (result.success) return;
  const { issues } = result.error;
  // Where a field is missing and another unknown, the unknown one is the missing one mistyped.
  const issue = issues.find(({ code }) => code === 'unrecognized_keys') ?? (issues[0] as z.core.$ZodIssue);
  throw new ArgumentError(`${caller}: ${complaint(issue, { root: what, schema, value })}`);
}

/** One sentence, without its subject's caller, for a complaint of zod about `value`; `root` is what the whole is called. */
export function complaint(
  issue: z.core.$ZodIssue,
  { root, schema, value }: { root: string; schema: z.ZodMiniType; value: unknown },
): string {
  const path = issue.path.map((key) => shortened(printable(String(key)), 40)).join('.');
  const at = path === '' ? root : /^the /.test(root) ? path : `${root}.${path}`;
  const got = issue.input === undefined ? '' : `, got ${quoted(issue.input)}`;
  switch (issue.code) {
    case 'unrecognized_keys': {
      const names = issue.keys.map((key) => quoted(key));
      const known = fieldsAt(schema, issue.path, value);
      const near = nearest(issue.keys[0] as string, known, 1)[0];
      const remedy = near === undefined ? 'remove it' : `the nearest known one is "${near}"`;
      return names.length === 1
        ? `${at} has an unknown field ${names[0]}; ${remedy}.`
        : `${at} has unknown fields ${listed(names)}; correct or remove them.`;
    }
    case 'invalid_type':
      return issue.input === undefined
        ? `${at} is missing; it must be ${kind(issue.expected)}.`
        : `${at} must be ${kind(issue.expected)}${got}.`;
    case 'invalid_value':
      return `${at} must be ${issue.values.map((v) => quoted(v)).join(' or ')}${got}.`;
    case 'too_small':
      return `${at} must be ${issue.inclusive ? 'at least' : 'above'} ${issue.minimum}${lengthOf(issue.origin)}${got}.`;
    case 'too_big':
      return `${at} must be ${issue.inclusive ? 'at most' : 'below'} ${issue.maximum}${lengthOf(issue.origin)}${got}.`;
    case 'invalid_union': {
      const choices = discriminators(schemaAt(schema, issue.path, value));
      // zod's path ends at the discriminator, its input is the whole object.
      const named = issue.path.reduce<unknown>((at, key) => (at as Record<PropertyKey, unknown> | null)?.[key], value);
      if (choices.length === 0) return `${at} is of none of the kinds that it may be${got}.`;
      const must = `must be ${choices
        .map((c) => quoted(c))
        .join(', ')
        .replace(/, ([^,]*)$/, ' or $1')}`;
      return named === undefined ? `${at} is missing; it ${must}.` : `${at} ${must}, got ${quoted(named)}.`;
    }
    case 'custom':
      // Said by `must`: what it has to be.
      return issue.input === undefined && issue.message.startsWith('must be')
        ? `${at} is missing; it ${issue.message}.`
        : `${at} ${issue.message}${got}.`;
    default:
      return `${at}: ${issue.message}${got}.`;
  }
}

/** A schema for what zod has no word for: values that pass a test, and the end of the sentence "x must be ...". */
export const must = (be: string, test: (value: unknown) => boolean): z.ZodMiniType =>
  z.custom(test, { error: `must ${be}` });

/** Any function. */
export const aFunction: z.ZodMiniType = must('be a function', (value) => typeof value === 'function');

const kind = (expected: string): string =>
  expected === 'int' ? 'a whole number' : `${/^[aeio]/.test(expected) ? 'an' : 'a'} ${expected}`;

const lengthOf = (origin: string): string =>
  origin === 'string' ? ' characters long' : origin === 'array' ? ' entries long' : '';

/** The parts of zod's definitions that lead from a schema to the schemas inside it. */
interface Definition {
  readonly type: string;
  readonly shape?: Readonly<Record<string, z.ZodMiniType>>;
  readonly innerType?: z.ZodMiniType;
  readonly out?: z.ZodMiniType;
  readonly element?: z.ZodMiniType;
  readonly valueType?: z.ZodMiniType;
  readonly items?: readonly z.ZodMiniType[];
  readonly options?: readonly z.ZodMiniType[];
  readonly discriminator?: string;
  readonly values?: readonly unknown[];
}

const definition = (schema: z.ZodMiniType): Definition => schema._zod.def as unknown as Definition;

/** The schema without what only wraps it. */
function bare(schema: z.ZodMiniType): z.ZodMiniType {
  const { innerType, out } = definition(schema);
  const inner = innerType ?? out;
  return inner ? bare(inner) : schema;
}

/** Of a union by a discriminator, the option that the value names. */
function chosen(schema: z.ZodMiniType, value: unknown): z.ZodMiniType {
  const { options, discriminator } = definition(schema);
  if (!options || discriminator === undefined) return schema;
  const named = (value as Record<string, unknown> | null | undefined)?.[discriminator];
  const found = options.find((option) => {
    const field = definition(bare(option)).shape?.[discriminator];
    return field !== undefined && (definition(bare(field)).values ?? []).includes(named);
  });
  return found ? bare(found) : schema;
}

/** The schema at the end of a path; where the path leaves what is known, the last one. */
function schemaAt(schema: z.ZodMiniType, path: readonly PropertyKey[], value: unknown): z.ZodMiniType {
  let at = chosen(bare(schema), value);
  let here = value;
  for (const key of path) {
    const { shape, element, items, valueType } = definition(at);
    const next = shape?.[String(key)] ?? items?.[Number(key)] ?? element ?? valueType;
    if (!next) return at;
    here = (here as Record<PropertyKey, unknown> | null | undefined)?.[key];
    at = chosen(bare(next), here);
  }
  return at;
}

const fieldsAt = (schema: z.ZodMiniType, path: readonly PropertyKey[], value: unknown): string[] => {
  const at = definition(schemaAt(schema, path, value));
  const shapes = [at, ...(at.options ?? []).map((option) => definition(bare(option)))];
  return [...new Set(shapes.flatMap(({ shape }) => Object.keys(shape ?? {})))];
};

/** The values by which a union tells its options apart. */
function discriminators(schema: z.ZodMiniType): unknown[] {
  const { options = [], discriminator } = definition(schema);
  if (discriminator === undefined) return [];
  return options.flatMap((option) => {
    const field = definition(bare(option)).shape?.[discriminator];
    return field ? [...(definition(bare(field)).values ?? [])] : [];
  });
}
