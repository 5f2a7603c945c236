// One field of an experiment's JSON, set by its dotted path. Reasons beside values ({ value, why }) are seen through.
import { badInput } from '../../errors.ts';

type Json = Record<string, unknown>;

const isObject = (x: unknown): x is Json => typeof x === 'object' && x !== null;

const isExplained = (x: unknown): x is { value: unknown; why: string } =>
  isObject(x) && 'value' in x && 'why' in x && Object.keys(x).length === 2;

/**
 * Sets the field at `path`, such as `training.learningRate` or `task.periods.0`, in place. A field that is not there yet is
 * made: whether there may be one is the experiment's schema's to say. Throws a CommandError where the path leads through
 * what has no fields.
 */
export function setField(experiment: Json, path: string, value: unknown): void {
  const names = path.split('.');
  let at = experiment;
  for (const [i, name] of names.slice(0, -1).entries()) {
    const found = Object.hasOwn(at, name) ? at[name] : undefined;
    const inside = isExplained(found) ? found.value : found;
    if (inside === undefined) at = own(at, name, {}) as Json;
    else if (isObject(inside)) at = inside;
    else
      throw badInput(
        `"${path}": ${names.slice(0, i + 1).join('.')} has no fields; name it itself, or correct the path.`,
      );
  }
  own(at, names.at(-1) as string, value);
}

/** An own field whatever its name: `__proto__` becomes one that the schema refuses. */
function own(object: Json, name: string, value: unknown): unknown {
  Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
  return value;
}
