import {
  BLOCK_SEGMENTS,
  type BlockFields,
  type BlockPlace,
  blockComplaint,
  blockFields,
  blockSequences,
  movedBlock,
} from './blocks.ts';
import { type TaskDefinition, whole } from './task.ts';

/** One block, repeated at a fixed period to the end of the context. */
export interface RepeatedTask extends BlockFields {
  readonly kind: 'repeated';
  readonly period: number;
}

export const repeated: TaskDefinition<RepeatedTask, BlockPlace> = {
  kind: 'repeated',
  fields: { period: { value: whole(2) }, ...blockFields },
  segments: BLOCK_SEGMENTS,
  moved: movedBlock,
  hasPredictable: true,
  periods: ({ period }) => [period],
  complaint: (task, sizes) => blockComplaint(task, task.period, sizes),
  sequences: (task, sizes) => blockSequences(task, sizes, () => task.period),
};
