// Whether something is an experiment that has been read: JSON of the same look lacks defaults, may have reasons beside its
// numbers, and has been checked by nobody.
import { ArgumentError } from '../errors/arguments.ts';
import { printable, quoted } from '../errors/printable.ts';
import { type Experiment, parseExperiment } from './experiment.ts';

/** Throws an ArgumentError unless this is what parseExperiment gives; it names the first field that is not. */
export function checkExperiment(experiment: unknown, caller: string): asserts experiment is Experiment {
  const refuse = (sentence: string): never => {
    throw new ArgumentError(`${caller}: ${sentence}`);
  };
  if (typeof experiment === 'string') refuse('experiment is text; pass parseExperiment(JSON.parse(text)).');
  if (typeof experiment !== 'object' || experiment === null || Array.isArray(experiment) || 'then' in experiment)
    refuse(`experiment must be what parseExperiment(json) gives, got ${quoted(experiment)}.`);
  let parsed: Experiment | undefined;
  try {
    parsed = parseExperiment(withoutUnused(experiment));
  } catch (error) {
    refuse(`experiment: ${(error as Error).message}`);
  }
  const path = firstDifference(withoutUnused(parsed), withoutUnused(experiment));
  if (path !== null)
    refuse(
      `experiment.${printable(path)} is not as parseExperiment leaves it; pass parseExperiment(json) instead of json.`,
    );
}

/** Rotary dimensions mean nothing elsewhere, and a default of theirs need not be a number that rotary positions accept. */
function withoutUnused(experiment: unknown): unknown {
  const { model } = experiment as { model?: Record<string, unknown> };
  if (typeof model !== 'object' || model === null || model.positions === 'rotary') return experiment;
  const { rotaryDim: _, ...rest } = model;
  return { ...(experiment as object), model: rest };
}

/** The first path at which two pieces of plain data differ; null where they are equal. */
function firstDifference(a: unknown, b: unknown, path = ''): string | null {
  if (typeof a !== 'object' || a === null || typeof b !== 'object' || b === null) return Object.is(a, b) ? null : path;
  for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
    const at = path === '' ? key : `${path}.${key}`;
    const [left, right] = [(a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key]];
    const found = firstDifference(left, right, at);
    if (found !== null) return found;
  }
  return null;
}
