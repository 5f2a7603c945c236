// Apart from presets.ts, which loads the whole library: help and usage errors need the names alone.

/** The trainings of the story that `run` tells, in its order. */
export const STORY = ['literal', 'literal-1-layer', 'varied', 'picture', 'hub'] as const;
export type StoryName = (typeof STORY)[number];

export type PresetName = StoryName | 'two-heads';
export const PRESETS: readonly PresetName[] = [...STORY, 'two-heads'];
