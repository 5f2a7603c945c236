// The presets are data files of core; this is where they are found and read under Node.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type Experiment, parseExperiment } from '@induction-lab/core/node';
import { badInput } from '../errors.ts';
import { PRESETS, type PresetName } from './presetNames.ts';

export { PRESETS, type PresetName };

export function loadPreset(name: string): Experiment {
  if (!PRESETS.includes(name as PresetName))
    throw badInput(`There is no preset "${name}"; choose one of ${PRESETS.join(', ')}.`);
  return parseExperiment(presetJson(name as PresetName));
}

/** A preset as its file has it, with a reason beside each number. */
export const presetJson = (name: PresetName): unknown =>
  JSON.parse(readFileSync(createRequire(import.meta.url).resolve(`@induction-lab/core/presets/${name}.json`), 'utf8'));
