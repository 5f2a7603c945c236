/**
 * Scores of heads: what their patterns say, beside what chance and sequences without a repeat give.
 * @module circuits/attention
 */

export { contentScore, prefixMatchingScore } from './contentScore.ts';
export type { Detector, ProbeName } from './detector.ts';
export { type ExamplePatterns, examplePatterns, exampleTokens } from './examplePatterns.ts';
export { currentTokenScore, firstTokenScore, previousTokenScore } from './fixedKeyScores.ts';
export type { HeadLook } from './headLooks.ts';
export { headScores, type MeasuredHeads, measureHeads, type ScoreOptions } from './headScores.ts';
export type { HeadScores, HeadScoresRecord } from './headScoresRecord.ts';
export { inductionStripe } from './inductionStripe.ts';
export type { PositionalOffset } from './offsets.ts';
export { DetectorError } from './ownDetectors.ts';
export type { PeriodScan, ScannedPeriod } from './periodScan.ts';
export {
  PROMPT_SCORES,
  type PromptHeadScores,
  type PromptScoreName,
  type PromptScoresOptions,
  type PromptScoresRecord,
  promptScores,
} from './promptScores.ts';
export type { DetectorChance, DetectorScore } from './scoredDetectors.ts';
export type { ScoreName } from './scoreTable.ts';
