// A measure at work: checked, asked sequence by sequence, and what it answers checked too.
import * as z from 'zod/mini';
import type { Floats } from '../../engine/tensor.ts';
import { ArgumentError, aFunction, checkArgument } from '../../errors/arguments.ts';
import { nearest } from '../../errors/names.ts';
import { quoted } from '../../errors/printable.ts';
import type { ModelConfig } from '../config.ts';
import type { Tokens } from '../tokens.ts';
import { type Asked, askedQueries } from './askedQueries.ts';
import { MEASURE_NAMES, MEASURES, type MeasureName } from './builtInMeasures.ts';
import type { Measure, MeasuredSequence } from './measure.ts';

const MeasureSchema = z.object({
  name: z.string(),
  unit: z.string(),
  better: z.optional(z.enum(['higher', 'lower'])),
  needs: z.optional(z.array(z.enum(['answers', 'wrong']))),
  value: aFunction,
  gradient: z.optional(aFunction),
});

/** The measure of that name, or a user's own. Throws an ArgumentError for what is neither. */
export function measureOf(measure: MeasureName | Measure, caller: string): Measure {
  if (typeof measure === 'string') {
    const known = (MEASURE_NAMES as readonly string[]).includes(measure);
    if (known) return MEASURES[measure];
    const near = nearest(measure, MEASURE_NAMES).map((name) => `"${name}"`);
    throw new ArgumentError(`${caller}: there is no measure ${quoted(measure)}; the nearest are ${near.join(', ')}.`);
  }
  checkArgument(caller, 'measure', MeasureSchema, measure);
  return measure;
}

/** Measures sequences of a batch, numbered as in the whole of it, from their logits [pos, dVocab]. */
export interface Measuring {
  value(sequence: number, logits: Floats): number;
  /** [pos, dVocab] */
  gradient(sequence: number, logits: Floats): ArrayLike<number>;
}

/** Throws an Error that names sequence and query where what is asked cannot be meant, or what is answered is no number. */
export function measuring(
  given: MeasureName | Measure,
  asked: Asked,
  { config, tokens, caller }: { config: ModelConfig; tokens: Tokens; caller: string },
): Measuring {
  const measure = measureOf(given, caller);
  const queries = askedQueries(asked, { config, tokens, measure, caller });
  const { dVocab } = config;
  const sequenceOf = (s: number, logits: Floats): MeasuredSequence => ({
    ...{ logits, dVocab, tokens: tokens[s]!, ...queries[s]! },
  });
  const fault = (s: number, what: string): never => {
    const at = queries[s]!.queries;
    throw new Error(
      `${caller}: the measure ${quoted(measure.name)} ${what} for sequence ${s}, ${at.length === 1 ? `query ${at[0]}` : `queries ${at.join(', ')}`}.`,
    );
  };
  return {
    value: (s, logits) => {
      const value: unknown = measure.value(sequenceOf(s, logits));
      if (!Number.isFinite(value)) fault(s, `must be a finite number, and is ${quoted(value)}`);
      return value as number;
    },
    gradient: (s, logits) => {
      const gradient: unknown = gradientFunction(measure, caller)(sequenceOf(s, logits));
      const { length } = (gradient ?? {}) as ArrayLike<number>;
      if (length !== logits.length)
        fault(
          s,
          `must have a gradient of ${logits.length} numbers, [pos, dVocab], and gives ${typeof length === 'number' ? length : quoted(gradient)}`,
        );
      const numbers = gradient as ArrayLike<number>;
      for (let i = 0; i < length; i++)
        if (!Number.isFinite(numbers[i]))
          fault(s, `has a gradient of ${quoted(numbers[i])} at position ${Math.floor(i / dVocab)}`);
      return numbers;
    },
  };
}

/** Throws an ArgumentError for a measure that has none. */
export function gradientFunction(measure: Measure, caller: string): NonNullable<Measure['gradient']> {
  const { gradient } = measure;
  if (gradient) return gradient.bind(measure);
  throw new ArgumentError(
    `${caller}: the measure ${quoted(measure.name)} has no \`gradient\`, which gradients need: a function that gives dValue / dLogits, [pos, dVocab]; measure takes it as it is.`,
  );
}
