// What is measured of a finished run of a sweep, as plain data.
import { createHash } from 'node:crypto';
import {
  type AuditRecord,
  audit,
  type CircuitEvaluation,
  evaluateCircuit,
  finalLosses,
  type HeadScoresRecord,
  headScores,
  type Model,
  type NamedWeights,
  type PhaseChange,
  periodsOf,
  phaseChange,
  type SegmentLosses,
  type Verdict,
} from '@induction-lab/core/node';
import type { RunRow } from './cells.ts';
import type { Curves, Drop, History } from './history.ts';
import type { Job } from './job.ts';
import { measureCauses } from './measureCauses.ts';
import { measurePicture } from './measurePicture.ts';

/** What an audit comes to, without its tables. */
export interface AuditSummary {
  readonly verdict: Verdict;
  readonly sentence: string;
  /** Whether the verdict was a close call. */
  readonly close: boolean;
  readonly best: number | null;
  readonly solvedPeriods: number;
  readonly otherPeriodLoss: number;
  /** Shares of the map's places. */
  readonly byContent: number;
  readonly byPosition: number;
  readonly followers: readonly string[];
  readonly positionalHeads: readonly string[];
}

/** Scores of one head, shares of attention. */
export interface HeadSummary {
  readonly head: string;
  readonly previousToken: number;
  readonly inductionStripe: number;
  readonly inductionExcess: number;
}

/** The circuit, without its tables. Shares are of the drop that heads make. */
export interface ProofSummary {
  readonly kind: CircuitEvaluation['kind'];
  readonly heads: readonly { readonly label: string; readonly role: string }[];
  readonly kept: number | null;
  readonly lost: number | null;
  /** Heads of the smallest set found that keeps 95 %. */
  readonly minimal: number | null;
}

/** What was measured of a run; what its sweep does not measure is not there. */
export interface Measured {
  /** Of the last weights: names and bytes. */
  readonly weights: string;
  readonly losses?: SegmentLosses;
  readonly curves?: Curves;
  readonly audit?: AuditSummary;
  readonly scores?: readonly HeadSummary[];
  readonly proof?: ProofSummary;
  readonly drop?: Drop;
  readonly causes?: RunRow;
  readonly picture?: RunRow;
  readonly phaseChange?: PhaseChange;
  readonly dynamics?: History['points'];
}

/** Measures a trained model. The seed of its training is that of what is drawn, too. */
export function measureRun(
  model: Model,
  { measure, seed, experiment }: Pick<Job, 'measure' | 'seed' | 'experiment'>,
  { history, weights }: { history: History; weights: NamedWeights },
): Measured {
  const { proof, causes, picture } = measure;
  const audited = measure.audit || proof || causes || picture ? audit(model, { seed }) : null;
  const evaluation = audited && (proof || causes) ? evaluateCircuit(model, { audit: audited }) : null;
  const losses = finalLosses(history.losses.map((segments) => ({ segments })));
  const scores = measure.scores ? (audited?.scores ?? headScores(model, { seed })) : null;
  // Only blocks have the repeat that the phase change is told by.
  const log = periodsOf(experiment.task).length > 0 ? history.repeatLog() : [];
  return {
    weights: weightsHash(weights),
    ...(measure.losses ? { losses } : {}),
    ...(measure.curves ? { curves: history.curves() } : {}),
    ...(measure.audit && audited ? { audit: auditSummary(audited) } : {}),
    ...(scores ? { scores: scoresSummary(scores) } : {}),
    ...(proof && evaluation ? { proof: proofSummary(evaluation) } : {}),
    ...(measure.drop ? { drop: history.drop() } : {}),
    ...(causes && audited && evaluation ? { causes: measureCauses(model, { audit: audited, evaluation }) } : {}),
    ...(picture && audited ? { picture: measurePicture(model, { audit: audited, losses }) } : {}),
    ...(measure.phaseChange ? { phaseChange: phaseChange(history.points, log) } : {}),
    ...(measure.dynamics ? { dynamics: history.points } : {}),
  };
}

function auditSummary({ verdict, sentence, evidence, map, followers, positionalHeads }: AuditRecord): AuditSummary {
  const share = (solution: string): number =>
    map.cells.filter((cell) => cell.solution === solution).length / map.cells.length;
  return {
    verdict,
    sentence,
    close: evidence.close,
    best: evidence.best,
    solvedPeriods: evidence.solved.length,
    otherPeriodLoss: evidence.otherPeriodLoss,
    byContent: share('by content'),
    byPosition: share('by position'),
    followers,
    positionalHeads,
  };
}

const scoresSummary = ({ heads }: HeadScoresRecord): HeadSummary[] =>
  heads.map(({ label, previousToken, inductionStripe, inductionExcess }) => ({
    head: label,
    previousToken: previousToken.value,
    inductionStripe: inductionStripe.value,
    inductionExcess: inductionExcess.value,
  }));

const proofSummary = ({ kind, heads, faithfulness, minimal }: CircuitEvaluation): ProofSummary => ({
  kind,
  heads: heads.map(({ label, role }) => ({ label, role })),
  kept: faithfulness?.kept.value ?? null,
  lost: faithfulness?.lost.value ?? null,
  minimal: minimal?.heads.length ?? null,
});

/** SHA-256 of all weights, names included: equal where a training gave the same bits. */
export function weightsHash(weights: NamedWeights): string {
  const hash = createHash('sha256');
  for (const [name, { data }] of Object.entries(weights)) {
    const floats = Float32Array.from(data);
    hash.update(name).update(new Uint8Array(floats.buffer));
  }
  return hash.digest('hex');
}
