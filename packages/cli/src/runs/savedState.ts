// resume.safetensors: weights, AdamW's moments and counters in one file, so that it is never half new. It is read with
// suspicion, since a run that goes on from a wrong state looks like a good one.

import { listed } from '@induction-lab/core/internal/names';
import { quoted } from '@induction-lab/core/internal/printable';
import { decodeSafetensors, encodeSafetensors, type NamedWeights, type TrainingState } from '@induction-lab/core/node';
import { badInput } from '../errors.ts';
import type { RunInfo } from './runInfo.ts';

/** The parts of a state and what their tensors' names begin with. */
const PREFIXES = { weights: '', m: 'adamw.m.', v: 'adamw.v.' } as const;
type Part = keyof typeof PREFIXES;
const PARTS = Object.keys(PREFIXES) as Part[];

const REMEDY = 'put back the file that train wrote, or start the run anew in another folder';

/** `more` is kept in the file's metadata beside the counters. */
export function encodeState(state: TrainingState, more: Readonly<Record<string, string>> = {}): Uint8Array {
  const tensors = PARTS.flatMap((part) =>
    Object.entries(state[part]).map(([name, tensor]) => [`${PREFIXES[part]}${name}`, tensor]),
  );
  return encodeSafetensors(Object.fromEntries(tensors), {
    ...more,
    step: String(state.step),
    seed: String(state.seed),
  });
}

/** Decodes a state; `path` is what to call the file. Throws a CommandError or FileFormatError that says what is wrong. */
export function decodeState(bytes: Uint8Array, path: string): TrainingState {
  const { tensors, metadata } = decodeSafetensors(bytes, path);
  const named = Object.entries(tensors);
  const part = (wanted: Part): NamedWeights =>
    Object.fromEntries(
      named.flatMap(([name, tensor]) =>
        partOf(name) === wanted ? [[name.slice(PREFIXES[wanted].length), tensor]] : [],
      ),
    );
  const [step, seed] = [wholeNumber(metadata.step), wholeNumber(metadata.seed)];
  if (step === null || seed === null)
    throw badInput(
      `${path} names step ${quoted(metadata.step)} and seed ${quoted(metadata.seed)}, where train writes whole numbers from 0 on; ${REMEDY}.`,
    );
  return { step, seed, weights: part('weights'), m: part('m'), v: part('v') };
}

const partOf = (name: string): Part =>
  name.startsWith('adamw.m.') ? 'm' : name.startsWith('adamw.v.') ? 'v' : 'weights';

function wholeNumber(text: unknown): number | null {
  const value = typeof text === 'string' && /^\d+$/.test(text) ? Number(text) : Number.NaN;
  return Number.isSafeInteger(value) ? value : null;
}

/**
 * Refuses a state of another run, and one that no run can go on from. `shapes` are the weights of the model; `file` is what
 * to call the state. Throws a CommandError.
 */
export function checkState(
  state: TrainingState,
  info: RunInfo,
  { shapes, file }: { shapes: NamedWeights; file: string },
): void {
  const names = Object.keys(shapes);
  const fits = PARTS.every(
    (part) =>
      Object.keys(state[part]).length === names.length &&
      names.every((name) => state[part][name]?.shape.join() === shapes[name]!.shape.join()),
  );
  if (!fits || state.seed !== info.seed || state.step > info.experiment.training.steps)
    throw badInput(`${file} belongs to another run than run.json beside it; put back the file that train wrote.`);
  const wrong = PARTS.flatMap((part) =>
    names.filter((name) => !isUsable(part, state[part][name]!.data)).map((name) => `${PREFIXES[part]}${name}`),
  );
  if (wrong.length > 0)
    throw badInput(`${file} holds numbers that no run can go on from, in ${listed(wrong)}; ${REMEDY}.`);
}

/** Second moments are sums of squares, and may have overflowed in a run that goes on all the same. */
const isUsable = (part: Part, data: ArrayLike<number>): boolean =>
  Array.prototype.every.call(data, part === 'v' ? (x: number) => x >= 0 : Number.isFinite);
