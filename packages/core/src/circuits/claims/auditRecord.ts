// An audit as a record: the verdict, its evidence and every head's scores.

import * as z from 'zod/mini';
import { ArgumentError } from '../../errors/arguments.ts';
import { listed } from '../../errors/names.ts';
import type { ModelConfig } from '../../model/config.ts';
import { allHeads, headLabel } from '../../model/heads.ts';
import type { Input } from '../../model/interventions/interventions.ts';
import type { HeadScoresRecord } from '../attention/headScoresRecord.ts';
import type { KeySource, PathEffect } from '../causal/paths.ts';
import { checkPeriods } from '../checks.ts';
import type { Limit } from '../map/limits.ts';
import type { InductionMap } from '../map/mapRecord.ts';
import type { Estimate } from '../statistics/estimate.ts';
import type { HeadCircuitRecord } from '../weights/headCircuits.ts';
import type { HeldOutRecord } from './heldOut.ts';
import type { Margin } from './thresholds.ts';
import { VERDICTS, type Verdict } from './verdict.ts';

/** Everything the verdict rests on. Losses in nats. */
export interface AuditEvidence {
  /** Loss of the uniform guess, nats. */
  readonly lnVocab: number;
  /** A period is solved when lossRepeat is below this: half of ln V. */
  readonly solvedBelow: number;
  /** The scan: each period with its losses, from the shortest. */
  readonly periods: readonly {
    readonly period: number;
    readonly lossRepeat: Estimate;
    readonly lossBoundary: number;
    readonly lossFirst: number;
    readonly solved: boolean;
    /** lossRepeat when the block follows a random prefix; null without room for one. */
    readonly lossRepeatAfterPrefix: number | null;
  }[];
  /** The solved period of the lowest loss; null where none is solved. */
  readonly best: number | null;
  /** The periods that are solved, in ascending order. */
  readonly solved: readonly number[];
  /** Solved periods that are neither divisor nor multiple nor close neighbour of the best one. */
  readonly independent: readonly number[];
  /** Mean lossRepeat over the periods that are not the best one, nor its divisors or neighbours. */
  readonly otherPeriodLoss: number;
  /** The free detector: loss at the boundary query, at the best period and on average over the other solved ones. */
  readonly boundaryAtBest: number | null;
  /** Mean loss at the boundary query of the other solved periods, nats; null without them. */
  readonly boundaryElsewhere: number | null;
  /** Periods on which the paths were tested; no path was where the model has one layer or solves nothing. */
  readonly pathPeriods: readonly number[];
  readonly paths: readonly PathEffect[];
  /** For each earlier head, what ablating its edges into the followers' keys costs; empty without followers. */
  readonly keySources: readonly KeySource[];
  /** Each number that decides, with its threshold. */
  readonly margins: readonly Margin[];
  /** Whether a number that decides lies within 15 % of its threshold. */
  readonly close: boolean;
  /** Seeds of the sequences drawn, with the verdict that each gave; more than one after a close call. */
  readonly seeds: readonly { readonly seed: number; readonly verdict: Verdict }[];
  /** Sequences of each period. */
  readonly sequences: number;
}

/** What taking a mechanism away costs, as shares of the loss drop on the places of the map that it could serve; null where it was not tried. */
export interface MechanismsRecord {
  /** The heads whose attention follows the repeat. */
  readonly lostWithoutFollowers: number | null;
  /** What earlier layers wrote into the later heads' Q, K or V input. */
  readonly lostWithoutInput: Readonly<Record<Input, number>> | null;
  /** Of the followers' attention so much is left without the K path. */
  readonly followingLeftWithoutK: number | null;
  /** The heads that keep a distance, on places solved by position. */
  readonly lostWithoutPositionalHeads: number | null;
}

/** A verdict with its evidence and every head's scores. */
export interface AuditRecord {
  readonly verdict: Verdict;
  /** Where induction works, if not everywhere: empty for every other verdict. */
  readonly limits: readonly Limit[];
  /** The verdict in plain words, with its numbers. */
  readonly sentence: string;
  readonly evidence: AuditEvidence;
  /** Heads whose attention follows the period, and heads that keep their offset without a repeat. */
  readonly followers: readonly string[];
  /** Labels of the heads that keep a stripe where nothing repeats. */
  readonly positionalHeads: readonly string[];
  readonly scores: HeadScoresRecord;
  /** Where the first copy starts × how far back it lies: what the verdict is made from. */
  readonly map: InductionMap;
  readonly mechanisms: MechanismsRecord;
  /** What the weights say of every head: only where the context is too short for all that is measured otherwise. */
  readonly weights?: readonly HeadCircuitRecord[];
  /** What the audit says nothing of. */
  readonly untested: readonly string[];
  /** What the model makes of what its training never showed: only where the audit was told what that was. */
  readonly heldOut?: HeldOutRecord;
}

/** An audit's record, as far as other analyses read it. */
export const auditSchema: z.ZodMiniType = z.looseObject({
  verdict: z.enum(VERDICTS),
  followers: z.array(z.string()),
  positionalHeads: z.array(z.string()),
  evidence: z.looseObject({ solved: z.array(z.int()), independent: z.array(z.int()) }),
  map: z.looseObject({ prefix: z.array(z.int()) }),
  scores: z.looseObject({ heads: z.array(z.looseObject({ label: z.string() })), periods: z.array(z.int()) }),
});

/** Throws an ArgumentError when a record is that of a model with other heads or a shorter context. */
export function checkAudited(caller: string, { scores }: AuditRecord, config: ModelConfig): void {
  const labels = allHeads(config).map(({ layer, head }) => headLabel(layer, head));
  const found = scores.heads.map(({ label }) => label);
  if (labels.join() !== found.join())
    throw new ArgumentError(
      `${caller}: options.audit is that of another model: it has the heads ${listed(found)}, this model has ${listed(labels)}.`,
    );
  if (scores.periods.length > 0) checkPeriods(caller, scores.periods, { config });
}
