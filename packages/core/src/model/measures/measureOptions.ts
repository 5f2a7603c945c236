// What measuring a run takes, whether only the numbers are wanted or their gradients too.
import * as z from 'zod/mini';
import type { ActivationCache } from '../activationCache.ts';
import type { Intervention } from '../interventions/interventions.ts';
import type { Tokens } from '../tokens.ts';
import type { Asked } from './askedQueries.ts';
import type { MeasureName } from './builtInMeasures.ts';
import type { Measure } from './measure.ts';

export interface MeasureOptions extends Asked {
  readonly measure: MeasureName | Measure;
  readonly interventions?: readonly Intervention[];
  /** The run that interventions take values from, as in `runWithInterventions`. */
  readonly clean?: Tokens | ActivationCache;
}

// What each may be is said by the checks that know the model and the tokens.
const given: z.ZodMiniType = z.optional(z.unknown());
export const MeasureOptionsSchema: Readonly<Record<keyof MeasureOptions, z.ZodMiniType>> = {
  measure: given,
  queries: given,
  answers: given,
  wrong: given,
  interventions: given,
  clean: given,
};
