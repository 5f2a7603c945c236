// A preset that a sweep file names, as an experiment.

import { nearest } from '@induction-lab/core/internal/names';
import { quoted } from '@induction-lab/core/internal/printable';
import { type Experiment, parseExperiment } from '@induction-lab/core/node';
import { badInput } from '../../errors.ts';
import { PRESETS } from '../../files/presetNames.ts';
import { type PresetName, presetJson } from '../../files/presets.ts';

/** The preset's JSON as it stands in its file. Throws a CommandError that names the nearest one; `at` is who asks for it. */
export function namedPreset(name: string, at: string): unknown {
  if (!(PRESETS as readonly string[]).includes(name))
    throw badInput(
      `${at}: there is no preset ${quoted(name)}; the nearest is "${nearest(name, PRESETS, 1)[0]}" of ${PRESETS.join(', ')}.`,
    );
  return presetJson(name as PresetName);
}

export const presetExperiment = (name: string, at: string): Experiment => parseExperiment(namedPreset(name, at));
