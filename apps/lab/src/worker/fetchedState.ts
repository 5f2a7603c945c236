// The weights of a run at a step as a file of this page's, made by the training that the run would be (build/lessonStates.mjs).
import {
  decodeCheckpoint,
  type Experiment,
  KERNELS_VERSION,
  type ModelConfig,
  type NamedWeights,
} from '@induction-lab/core/browser';
import type { Losses } from '../protocol.ts';

/** What a run takes over in place of training so far. */
export interface Fetched {
  readonly step: number;
  readonly weights: NamedWeights;
  /** Of every step on the way there. */
  readonly losses: readonly Losses[];
}

/** Reads a state for a run. Throws an Error where it is of another run, or of other kernels than this page's. */
export function readFetched(
  bytes: Uint8Array,
  { experiment, seed, file }: { experiment: Experiment; seed: number; file: string },
): Fetched {
  const { config, weights, metadata } = decodeCheckpoint(bytes, file);
  const of = { experiment: experiment.name, seed: String(seed), kernels: String(KERNELS_VERSION) };
  const other = Object.entries(of).find(([name, value]) => metadata[name] !== value);
  if (other) throw new Error(`${file} has ${other[0]} ${metadata[other[0]]}, and ${other[1]} was asked for.`);
  if (sorted(config) !== sorted(experiment.model)) throw new Error(`${file} is of another model than was asked for.`);
  return { step: Number(metadata.step), weights, losses: lossesIn(metadata.losses ?? '{}') };
}

const sorted = (config: ModelConfig): string => JSON.stringify(Object.entries(config).sort());

function lossesIn(text: string): Losses[] {
  const bySegment = JSON.parse(text) as Record<string, readonly (number | null)[]>;
  const names = Object.keys(bySegment);
  const steps = bySegment[names[0] ?? '']?.length ?? 0;
  return Array.from({ length: steps }, (_, i) => ({
    step: i + 1,
    segments: Object.fromEntries(names.map((name) => [name, bySegment[name]?.[i] ?? null])),
  }));
}
