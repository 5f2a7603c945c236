// Apart from presets.ts, which loads the whole library: help and usage errors need the names alone.

/** In the order in which the lesson tells them. */
export const PRESETS = ['literal', 'literal-1-layer', 'varied', 'two-heads'] as const;
export type PresetName = (typeof PRESETS)[number];
