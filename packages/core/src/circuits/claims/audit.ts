// Has this transformer learned induction? The audit reads weights and the tokens it draws, never how a model was made.
import * as z from 'zod/mini';
import type { Model } from '../../model/model.ts';
import { measureHeads, type ScoreOptions, scoringSize } from '../attention/headScores.ts';
import { checkModel, checkOptions } from '../checks.ts';
import { asAnalysed } from '../lengths.ts';
import { mapRecord, measureMap } from '../map/inductionMap.ts';
import { type Limits, limitsOf } from '../map/limits.ts';
import { untrainedTokens } from '../map/untrainedTokens.ts';
import { Progress } from '../progress.ts';
import { headCircuits } from '../weights/headCircuits.ts';
import { WeightCircuits } from '../weights/weightCircuits.ts';
import { checkAuditing, type MapAuditOptions } from './auditChecks.ts';
import { gatherEvidence, groundsOf, look, testPaths } from './auditEvidence.ts';
import type { AuditRecord } from './auditRecord.ts';
import { auditSize } from './auditSize.ts';
import { explainAudit, sampleText, shortenedText, untestedOf, untrainedText } from './auditText.ts';
import { checkHeldOut, type HeldOut, measureHeldOut } from './heldOut.ts';
import { measureMechanisms, mechanismsRecord } from './mechanisms.ts';
import { isLess, mapSequences, sampleOf } from './sample.ts';
import { judge } from './verdict.ts';

/**
 * Audits a model: the map of where it finds the earlier copy, losses over a scan of periods, scores, path tests, and the
 * verdict by the rules of verdict.ts. A close call is repeated with two more seeds of sequences. Throws an ArgumentError for
 * options that it does not have, a TooSmallError when the vocabulary is too small to tell, a NotFiniteError when
 * outputs are not finite: then there is no verdict. `heldOut` is measured besides, and has no part in the verdict.
 * @example
 * ```ts
 * import { audit, handBuiltInduction, loadEngine } from '@induction-lab/core/node';
 *
 * const model = handBuiltInduction(await loadEngine(), { dVocab: 31, nCtx: 24 });
 * const { verdict, sentence } = audit(model, { sequences: 8 });
 * console.log(verdict, sentence);
 * ```
 */
export function audit(model: Model, options: AuditOptions = {}): AuditRecord {
  checkModel('audit', model);
  checkOptions('audit', z.looseObject({}), options);
  const { heldOut, ...rest } = options;
  checkAuditing('audit', model, rest);
  if (heldOut === undefined) return auditFor('audit', model, rest);
  checkHeldOut('audit', heldOut, model);
  const record = auditFor('audit', model, rest);
  const { best, periods, sequences } = record.evidence;
  const period = best ?? periods[Math.floor(periods.length / 2)]!.period;
  const how = { sequences, seed: rest.seed ?? 0, period };
  return { ...record, heldOut: measureHeldOut(asAudited(model, record), heldOut, how) };
}

/** How much is measured, on what, and what is asked besides. */
export interface AuditOptions extends MapAuditOptions {
  /** What training held out, to be measured too. */
  readonly heldOut?: HeldOut;
}

/** The same model with what its audit began its sequences with, and without the tokens that it left out. */
export const asAudited = (model: Model, { map }: AuditRecord): Model =>
  model.withSequences({ opening: map.prefix, untrained: map.excluded ?? [] });

/** The audit for another caller, whose name the messages have. */
export function auditFor(caller: string, given: Model, options: MapAuditOptions): AuditRecord {
  checkAuditing(caller, given, options);
  const { prefix, excludeTokens = given.config.untrained, ...asked } = options;
  const begun = prefix === undefined ? given : given.withSequences({ opening: prefix });
  const suspected = excludeTokens === undefined ? untrainedTokens(begun) : [];
  const model = begun.withSequences({ untrained: excludeTokens ?? suspected });
  const sample = sampleOf(model.config, asked);
  const record = auditRepeatedly(model, { ...asked, ...sample });
  const sampled = isLess(sample, asked) ? sampleText(record) : '';
  return { ...record, sentence: `${record.sentence}${sampled}${untrainedText(suspected)}` };
}

/** A close call is measured three times. */
function auditRepeatedly(model: Model, options: ScoreOptions): AuditRecord {
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
  const { seed = 0 } = options;
  const progress = new Progress(options.onProgress, auditSize(model, options));
  const map = measureMap(model, config, { sequences: mapSequences(config, options), seed, progress });
  const mechanisms = measureMechanisms(map, progress);
  const onProgress = progress.part(scoringSize(model, options));
  const looked = look(measureHeads(model, { ...options, onProgress }), config, mechanisms);
  const { scores, followers, positional } = looked;
  const tested = testPaths(model, looked, { options, progress });
  const judgement = judge(groundsOf(map, mechanisms));
  const evidence = gatherEvidence(model, { looked, tested, judgement, progress });
  progress.finish();
  const found = judgement.verdict === 'induction' ? limitsOf(map) : NO_LIMITS;
  const record = {
    verdict: judgement.verdict,
    limits: found.limits,
    evidence,
    followers: followers.map((h) => h.label),
    positionalHeads: positional.map((h) => h.label),
    scores,
    map: mapRecord(map, config),
    mechanisms: mechanismsRecord(mechanisms),
    untested: untestedOf(mapRecord(map, config), { config: model.config, scores }),
    ...(scores.prefixMatchingBlock > 0
      ? {}
      : { weights: headCircuits(new WeightCircuits(config, model.getWeights())) }),
  };
  const shortened = config.nCtx < model.config.nCtx ? ` ${shortenedText(config.nCtx, model.config.nCtx)}` : '';
  return {
    ...record,
    sentence: `${explainAudit(judgement, record, found)}${shortened}`,
  };
}

const NO_LIMITS: Limits = { limits: [], share: 1 };
