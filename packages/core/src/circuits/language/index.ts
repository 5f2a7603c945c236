/**
 * Language models: the map of their heads, a text, the audit in three answers, screening.
 * @module circuits/language
 */

export { type CopyQuery, copiesThatCount, copyQueries } from './copies.ts';
export { type DrawOptions, drawFourfold, drawRepeats, type RepeatPairs, usualPeriod } from './drawRepeats.ts';
export { type Following, type FollowingHead, followersOf, measureFollowing, type RepeatLosses } from './following.ts';
export {
  type HeadMapOptions,
  type HeadMapRecord,
  headMap,
  MAP_SCORES,
  MARKS,
  type MappedHead,
  type MapScore,
  type Mark,
} from './headMap.ts';
export { type HeadsOff, headsOff } from './headsOff.ts';
export { type InContext, inContext } from './inContext.ts';
export { type LanguageAuditOptions, languageAudit } from './languageAudit.ts';
export type {
  Answer,
  AttentionAnswer,
  BehaviourAnswer,
  CauseAnswer,
  HeadThatFollows,
  LanguageAudit,
  RepeatRow,
} from './languageAuditRecord.ts';
export {
  type HeadLooks,
  type Likely,
  likeliest,
  type PromptPosition,
  type PromptReading,
  type ReadingHead,
  type ReadingOptions,
  readPrompt,
} from './promptReading.ts';
export {
  type ScreenedCircuit,
  type ScreenedHead,
  type ScreeningOptions,
  type ScreeningRecord,
  screenHeads,
} from './screening.ts';
export { repeatSnippets } from './snippets.ts';
export { drawnTokens, type TokenKinds, type Vocabulary } from './vocabulary.ts';
