import type { RandomStream } from '../random/randomStream.ts';
import {
  BLOCK_SEGMENTS,
  type BlockFields,
  type BlockPlace,
  blockComplaint,
  blockFields,
  blockSequences,
  movedBlock,
} from './blocks.ts';
import { heldOutComplaint } from './heldOut.ts';
import { type TaskDefinition, whole } from './task.ts';

/** As `repeated`, with a period drawn for every sequence from `periods` (both ends included), never one held out. */
export interface VariedTask extends BlockFields {
  readonly kind: 'varied';
  readonly periods: readonly [number, number];
  readonly heldOutPeriods: readonly number[];
  /** Share of the sequences whose period is drawn, above 0, at most 1; all others have the longest period. */
  readonly share: number;
}

/** A share is compared with a whole number below this. */
const PARTS = 1_000_000;

function periods({ periods: [low, high], heldOutPeriods }: VariedTask): number[] {
  const heldOut = new Set(heldOutPeriods);
  return Array.from({ length: Math.max(0, high - low + 1) }, (_, i) => low + i).filter((p) => !heldOut.has(p));
}

function drawPeriod(share: number, drawn: readonly number[], random: RandomStream): number {
  if (share < 1 && random.below(PARTS) >= share * PARTS) return drawn[drawn.length - 1] as number;
  return drawn.length === 1 ? (drawn[0] as number) : (drawn[random.below(drawn.length)] as number);
}

function periodsComplaint({ periods: [from, to], heldOutPeriods }: VariedTask): string | null {
  if (from > to) return `task.periods runs from ${from} down to ${to}; put the smaller period first.`;
  return heldOutComplaint('task.heldOutPeriods', heldOutPeriods, { from, to, noun: 'period', of: 'task.periods' });
}

function shareComplaint(task: VariedTask): string | null {
  const left = periods(task);
  return task.share < 1 && left.length === 1
    ? `task.share (${task.share}) has no effect, since all sequences have the only period, ${left[0]}; leave it out or widen task.periods.`
    : null;
}

export const varied: TaskDefinition<VariedTask, BlockPlace> = {
  kind: 'varied',
  fields: {
    periods: { value: { is: 'pair', of: whole(2) } },
    heldOutPeriods: { value: { is: 'list', of: whole(2) }, usual: [] },
    share: { value: { is: 'share' }, usual: 1 },
    ...blockFields,
  },
  segments: BLOCK_SEGMENTS,
  moved: movedBlock,
  hasPredictable: true,
  periods,
  complaint: (task, sizes) =>
    periodsComplaint(task) ?? blockComplaint(task, periods(task).at(-1) as number, sizes) ?? shareComplaint(task),
  sequences(task, sizes) {
    const drawn = periods(task);
    return blockSequences(task, sizes, (random) => drawPeriod(task.share, drawn, random));
  },
};
