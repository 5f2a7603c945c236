import {
  BLOCK_SEGMENTS,
  type BlockFields,
  type BlockPlace,
  blockFields,
  blockSequences,
  distinctComplaint,
  movedBlock,
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
  moved: movedBlock,
  complaint(task, sizes) {
    if (task.maxPrefix > 0) return 'task.maxPrefix means nothing for random sequences; leave it out.';
    if (task.heldOutStarts !== undefined) return 'task.heldOutStarts means nothing for random sequences; leave it out.';
    return (
      tokensComplaint(task, sizes.dVocab) ??
      distinctComplaint({ distinct: task.distinct, needed: sizes.length }, task, sizes)
    );
  },
  sequences: (task, sizes) => ({
    ...blockSequences(task, sizes, () => 0),
    segments: () => [[[0, sizes.length - 1]]],
    predictable: () => [],
  }),
};
