// What an audit found, in sentences with their numbers.
import type { HeadScores } from '../attention/headScoresRecord.ts';
import type { AuditEvidence } from './auditRecord.ts';
import type { Judgement } from './verdict.ts';

/** Says that the analysis saw a part of the context. */
export const shortenedText = (length: number, nCtx: number): string =>
  `Analysed on sequences of at most ${length.toLocaleString('en')} tokens; the context of ${nCtx.toLocaleString('en')} is longer than the patterns that are looked at.`;

/** The verdict as a sentence or three, with the numbers that carry it. */
export function explainAudit(
  { verdict, reason }: Judgement,
  e: AuditEvidence,
  { followers, positional }: { followers: readonly HeadScores[]; positional: readonly HeadScores[] },
): string {
  const nats = (x: number): string => `${x.toFixed(2)} nats`;
  const heads = (list: readonly HeadScores[]): string => list.map((h) => h.label).join(', ');
  const parts = [reason];
  if (e.best === null)
    parts.push(
      `The lowest loss on a repeat is ${nats(Math.min(...e.periods.map((p) => p.lossRepeat.value)))}; guessing costs ${nats(e.lnVocab)}.`,
    );
  else {
    const bestLoss = e.periods.find((p) => p.period === e.best)!.lossRepeat.value;
    parts.push(`Solved: ${e.solved.length} of ${e.periods.length} periods, best ${e.best} (${nats(bestLoss)}).`);
    if (e.independent.length === 0 && Number.isFinite(e.otherPeriodLoss))
      parts.push(`At other periods the loss is ${nats(e.otherPeriodLoss)}; guessing costs ${nats(e.lnVocab)}.`);
  }
  if (followers.length > 0) parts.push(`Attention follows the period in ${heads(followers)}.`);
  if (positional.length > 0) parts.push(`The stripe stays without a repeat in ${heads(positional)}.`);
  const strongest = [...e.paths].sort((a, b) => b.increase.value - a.increase.value)[0];
  if (strongest && (verdict === 'induction' || verdict === 'other circuit' || verdict === 'mixed'))
    parts.push(
      `Taking the earlier layers out of the later heads' ${strongest.path.toUpperCase()} input costs most: ${strongest.increase.value >= 0 ? '+' : ''}${nats(strongest.increase.value)}.`,
    );
  return parts.join(' ');
}
