// The audit of a language model as a record: three answers, each with its numbers and its sentence.
import type { Estimate } from '../statistics/estimate.ts';
import type { RepeatLosses } from './following.ts';
import type { HeadsOff } from './headsOff.ts';
import type { InContext } from './inContext.ts';

/** An answer of the audit. */
export type Answer = 'yes' | 'in part' | 'no';

/** Where a block repeats. */
export interface RepeatRow extends RepeatLosses {
  /** Length of the block that repeats, in tokens. */
  readonly period: number;
  /** Random tokens in front of the block; a start token is not counted. */
  readonly start: number;
  /** How many sequences were measured. */
  readonly sequences: number;
}

/** Does the loss fall on a repeat? */
export interface BehaviourAnswer {
  readonly answer: Answer;
  /** Share of the loss that the repeat takes away, the mean over the settings of random tokens. */
  readonly fall: number;
  /** Random tokens, by period and start. */
  readonly repeats: readonly RepeatRow[];
  /** Pieces of the given text, said twice; null without a text. */
  readonly text: RepeatRow | null;
  /** The answer in words. */
  readonly says: string;
}

/** A head, and how far its attention follows the repeat. */
export interface HeadThatFollows {
  /** Its label, as in L0H3. */
  readonly label: string;
  /** Its layer, from 0. */
  readonly layer: number;
  /** Its number within the layer, from 0. */
  readonly head: number;
  /** Attention to the token after the earlier copy above the control, in the order of the behaviour's rows. */
  readonly excess: readonly Estimate[];
  readonly onText: Estimate | null;
  /** Its mean excess, share of attention. */
  readonly mean: number;
}

/** Do heads attend to what followed the earlier copy? */
export interface AttentionAnswer {
  readonly answer: Answer;
  /** Those whose mean excess is above the threshold, the strongest first. */
  readonly heads: readonly HeadThatFollows[];
  /** The strongest of the others. */
  readonly next: readonly HeadThatFollows[];
  /** The answer in words. */
  readonly says: string;
}

/** Is the fall lost with those heads off? */
export interface CauseAnswer {
  readonly answer: Answer | 'not asked';
  readonly off: HeadsOff | null;
  /** Share of the fall that is lost without the heads, and without each draw of random ones; may be above 1. */
  readonly lost: number | null;
  /** The same without each draw of random heads, shares of the fall. */
  readonly randomLost: readonly number[];
  /** Length of the block that repeats, in tokens. */
  readonly period: number;
  /** The answer in words. */
  readonly says: string;
}

/** The three answers, and what was measured beside them. */
export interface LanguageAudit {
  readonly behaviour: BehaviourAnswer;
  readonly attention: AttentionAnswer;
  readonly cause: CauseAnswer;
  readonly inContext: InContext | null;
  /** What was not measured, and why. */
  readonly leftOut: readonly string[];
  /** What came out, in words. */
  readonly sentence: string;
  /** How many sequences were measured. */
  readonly sequences: number;
  /** Seed of the sequences that are drawn. */
  readonly seed: number;
}
