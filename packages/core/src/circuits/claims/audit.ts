// Has this transformer learned induction? The audit reads weights and the tokens it draws, never how a model was made.
import { checkOwnInputs } from '../../model/heads.ts';
import type { Model } from '../../model/model.ts';
import { checkScoring, measureHeads, type ScoreOptions, scoringSize } from '../attention/headScores.ts';
import { checkTellable } from '../data/periods.ts';
import { asAnalysed } from '../lengths.ts';
import { Progress } from '../progress.ts';
import { gatherEvidence, groundsOf, look, testPaths } from './auditEvidence.ts';
import type { AuditRecord } from './auditRecord.ts';
import { auditSize } from './auditSize.ts';
import { explainAudit, shortenedText } from './auditText.ts';
import { checkHeldOut, type HeldOut, measureHeldOut } from './heldOut.ts';
import { judge } from './verdict.ts';

/**
 * Audits a model: losses over a scan of periods, scores, path tests, and the verdict by the rules of verdict.ts. A
 * close call is repeated with two more seeds of sequences. Throws an ArgumentError for options that it does not have, a
 * TooSmallError when context or vocabulary are too small to tell, a NotFiniteError when outputs are not finite: then there
 * is no verdict. `heldOut` is measured besides, and has no part in the verdict.
 */
export function audit(model: Model, options: AuditOptions = {}): AuditRecord {
  const heldOut = (options as AuditOptions | null)?.heldOut;
  if (heldOut === undefined) return auditFor('audit', model, options);
  const { heldOut: _, ...scoring } = options;
  checkScoring('audit', model, scoring);
  checkHeldOut('audit', heldOut, model);
  const record = auditFor('audit', model, scoring);
  const { best, periods, sequences } = record.evidence;
  const period = best ?? periods[Math.floor(periods.length / 2)]!.period;
  return { ...record, heldOut: measureHeldOut(model, heldOut, { sequences, seed: scoring.seed ?? 0, period }) };
}

export interface AuditOptions extends ScoreOptions {
  /** What training held out, to be measured too. */
  readonly heldOut?: HeldOut;
}

/** The audit for another caller, whose name the messages have. */
export function auditFor(caller: string, model: Model, options: ScoreOptions): AuditRecord {
  checkScoring(caller, model, options);
  checkTellable(model.config, caller);
  if (model.config.nLayers > 1) checkOwnInputs(model.config, caller); // paths are tested by taking heads out of inputs
  const size = auditSize(model, options);
  const progress = new Progress(options.onProgress, size);
  const once = (seed: number): AuditRecord => auditOnce(model, { ...options, seed, onProgress: progress.part(size) });
  const seed = options.seed ?? 0;
  const first = once(seed);
  if (!first.evidence.close) {
    progress.finish();
    return first;
  }
  progress.expect(2 * size);
  const again = [seed + 1, seed + 2].map((s) => ({ seed: s, verdict: once(s).verdict }));
  progress.finish();
  const seeds = [...first.evidence.seeds, ...again];
  const agree = again.every(({ verdict }) => verdict === first.verdict);
  const sentence = `${first.sentence} This is a close call; with sequence seeds ${seeds.map((s) => s.seed).join(', ')} the verdict is ${agree ? 'the same every time' : seeds.map((s) => `"${s.verdict}"`).join(', ')}.`;
  return { ...first, sentence, evidence: { ...first.evidence, seeds } };
}

function auditOnce(model: Model, options: ScoreOptions): AuditRecord {
  const config = asAnalysed(model.config);
  const progress = new Progress(options.onProgress, auditSize(model, options));
  const onProgress = progress.part(scoringSize(model, options, 'audit'));
  const looked = look(measureHeads(model, { ...options, onProgress }), config);
  const { scores, followers, positional } = looked;
  const tested = testPaths(model, looked, { options, progress });
  const judgement = judge(groundsOf(looked, { tested, layers: config.nLayers }));
  const evidence = gatherEvidence(model, { looked, tested, judgement, progress });
  progress.finish();
  const shortened = config.nCtx < model.config.nCtx ? ` ${shortenedText(config.nCtx, model.config.nCtx)}` : '';
  return {
    verdict: judgement.verdict,
    sentence: `${explainAudit(judgement, evidence, { followers, positional })}${shortened}`,
    evidence,
    followers: followers.map((h) => h.label),
    positionalHeads: positional.map((h) => h.label),
    scores,
  };
}
