import {
  BLOCK_SEGMENTS,
  type BlockFields,
  type BlockPlace,
  blockFields,
  blockSequences,
  distinctComplaint,
} from './blocks.ts';
import { tokensComplaint } from './heldOut.ts';
import type { TaskDefinition } from './task.ts';

/** No repeat at all: the control. `distinct` is said of the whole sequence. */
export interface RandomTask extends BlockFields {
  readonly kind: 'random';
}

export const random: TaskDefinition<RandomTask, BlockPlace> = {
  kind: 'random',
  fields: blockFields,
  segments: BLOCK_SEGMENTS.slice(0, 1),
  hasPredictable: false,
  complaint(task, { dVocab, length }) {
    if (task.maxPrefix > 0) return 'task.maxPrefix means nothing for random sequences; leave it out.';
    if (task.heldOutStarts !== undefined) return 'task.heldOutStarts means nothing for random sequences; leave it out.';
    return (
      tokensComplaint(task, dVocab) ?? distinctComplaint({ distinct: task.distinct, needed: length }, task, dVocab)
    );
  },
  sequences: (task, sizes) => ({
    ...blockSequences(task, sizes, () => 0),
    segments: () => [[[0, sizes.length - 1]]],
    predictable: () => [],
  }),
};
