// The presets are data files of core; this is where they are found and read under Node.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type Experiment, parseExperiment } from '@induction-lab/core/node';
import { badInput } from './errors.ts';

/** In the order in which the lesson tells them. */
export const PRESETS = ['literal', 'literal-1-layer', 'varied', 'two-heads'] as const;
export type PresetName = (typeof PRESETS)[number];

export function loadPreset(name: string): Experiment {
  if (!PRESETS.includes(name as PresetName))
    throw badInput(`There is no preset "${name}"; choose one of ${PRESETS.join(', ')}.`);
  const path = createRequire(import.meta.url).resolve(`@induction-lab/core/presets/${name}.json`);
  return parseExperiment(JSON.parse(readFileSync(path, 'utf8')));
}
