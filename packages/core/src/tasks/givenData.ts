import { ArgumentError } from '../errors/argumentError.ts';
import { WHOLE } from './segments.ts';
import type { TaskDefinition } from './task.ts';

/** Sequences that somebody gives: `train({ data })`. Segments and what is predictable are the data's own. */
export interface GivenTask {
  readonly kind: 'data';
}

export const givenData: TaskDefinition<GivenTask, never> = {
  kind: 'data',
  fields: {},
  segments: [WHOLE],
  hasPredictable: true,
  complaint: () => null,
  sequences: () => {
    throw new ArgumentError('task "data" draws no sequences of its own; give train its data.');
  },
};
