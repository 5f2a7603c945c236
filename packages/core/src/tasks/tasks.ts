// The list of tasks: what experiments may name, and everything that is asked of a task by its kind.
import { type GivenTask, givenData } from './givenData.ts';
import { type RandomTask, random } from './random.ts';
import { type RepeatedTask, repeated } from './repeated.ts';
import { type ScatteredTask, scattered } from './scattered.ts';
import type { Segment } from './segments.ts';
import { type StartTokenField, sizesBehind } from './startToken.ts';
import type { Sizes, TaskDefinition, TaskSequences } from './task.ts';
import { type VariedTask, varied } from './varied.ts';

/** What sequences look like; docs/data.md has the fields of each kind. */
export type Task = (RepeatedTask | VariedTask | RandomTask | ScatteredTask | GivenTask) & StartTokenField;

export const TASKS: readonly TaskDefinition<Task, unknown>[] = [repeated, varied, random, scattered, givenData];

/** The declaration of a task. */
export const definitionOf = (task: Task): TaskDefinition<Task, unknown> =>
  TASKS.find(({ kind }) => kind === task.kind) as TaskDefinition<Task, unknown>;

/** The periods that a task draws from, ascending; empty for one whose sequences do not repeat as a whole. */
export const periodsOf = (task: Task): number[] => definitionOf(task).periods?.(task) ?? [];

/** The segments by which a task's losses are told, in order. */
export const segmentsOf = (task: Task): readonly Segment[] => definitionOf(task).segments;

/** What a task never draws, by what it is. */
export function heldOutOf(task: Task): {
  periods?: readonly number[];
  starts?: readonly number[];
  tokens?: readonly number[];
} {
  const { heldOutPeriods, heldOutStarts, heldOutTokens } = task as unknown as Partial<
    Record<string, readonly number[]>
  >;
  return {
    ...(heldOutPeriods?.length ? { periods: heldOutPeriods } : {}),
    ...(heldOutStarts?.length ? { starts: heldOutStarts } : {}),
    ...(heldOutTokens?.length ? { tokens: heldOutTokens } : {}),
  };
}

/** A task's sequences, for the sizes that a start token leaves it. */
export const sequencesOf = (task: Task, sizes: Sizes): TaskSequences<unknown> =>
  definitionOf(task).sequences(task, sizes);

/** What of a task cannot be run with these sizes, or has no effect; null for nothing. */
export const taskComplaint = (task: Task, sizes: Sizes): string | null =>
  definitionOf(task).complaint(task, sizesBehind(task, sizes));
