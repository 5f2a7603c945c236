/**
 * Sequences to measure on, with the queries that count.
 * @module circuits/data
 */

export { CORRUPTIONS, type Corruption, corruptedPair, type PromptPair } from './corruption.ts';
export type { Measured, MeasuredBy } from './measuredBy.ts';
export { type AttentionWeight, type PatternVisit, runPatterns } from './patternRuns.ts';
export { controlProbe, fourfoldProbe, type ProbeOptions, prefixedProbe, repeatedProbe } from './probes.ts';
export { PromptSet, type PromptSetOptions, type PromptSlice } from './promptSet.ts';
export { type Prompts, PromptsError, type QueriedPrompt } from './prompts.ts';
export { corruptedPrompts, promptsOf, repeatPrompts } from './repeatPrompts.ts';
export { type RepeatBatch, RepeatSet, type RepeatSetOptions } from './repeatSet.ts';
export { repeatQueries, type StripePlace, twoCopies } from './twoCopies.ts';
