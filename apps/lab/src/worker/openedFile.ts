// A checkpoint from a file, read and looked at before it takes the place of anything.
import {
  type Engine,
  type Experiment,
  longestPeriod,
  Model,
  type ModelConfig,
  type NamedWeights,
  parseExperiment,
} from '@induction-lab/core/browser';
import type { BenchRun, Look, Questions } from '../protocol.ts';
import type { Later } from './later.ts';
import { asSeen, barsOf, LOOK_SEQUENCES, lookAt } from './look.ts';
import { LIVE_SEQUENCES } from './subject.ts';

/** The look before anything has been asked for. */
export const START: Look = { period: 25, tokens: null, ablated: [], kind: 'zero', cuts: [], step: null };

/** A checkpoint that can be shown. */
export interface OpenedFile {
  readonly about: Pick<BenchRun, 'experiment' | 'seed' | 'file'>;
  readonly model: Model;
  readonly loaded: NamedWeights;
  /** How it is looked at first. */
  readonly look: Look;
}

/** Reads a file. Throws an Error that names it where it cannot be read or shown here. */
export function openFile(
  engine: Engine,
  { bytes, file, config: given }: Questions['load']['ask'],
  { readCheckpoint, period }: Pick<Later, 'readCheckpoint'> & { readonly period: number },
): OpenedFile {
  const { config, weights, metadata } = readCheckpoint(bytes, file, given);
  refuseTooLarge(config, file);
  const look: Look = { ...START, period: Math.min(period, longestPeriod(asSeen(config))) };
  const model = new Model(engine, config);
  model.setWeights(weights);
  try {
    lookAt(model, look, { step: 0, fingerprint: '', ...barsOf(model, LIVE_SEQUENCES) });
  } catch (error) {
    throw new Error(`${file} cannot be shown here: ${(error as Error).message}`);
  }
  const about = { experiment: withoutTraining(config, file), seed: 0, file: { metadata } };
  return { about, model, loaded: weights, look };
}

/** Bytes of patterns and logits that looking at a model may take in this page. */
const LOOK_BYTES = 200e6;

function refuseTooLarge(config: ModelConfig, file: string): void {
  const { nLayers, nHeads, nCtx, dVocab } = asSeen(config);
  const floats = LOOK_SEQUENCES * nCtx * (nLayers * nHeads * nCtx + 2 * dVocab); // logits, and their softmax
  if (4 * floats > LOOK_BYTES)
    throw new Error(
      `${file} has ${nLayers * nHeads} heads, ${nCtx} positions and ${dVocab} tokens, too many to look at in this page; audit it with the command line.`,
    );
}

/** A checkpoint does not say how it was trained: its experiment is its model, and no training. */
function withoutTraining(model: ModelConfig, name: string): Experiment {
  const { task, training } = parseExperiment({
    name,
    model: { nLayers: 1, nHeads: 1, dModel: 4, dHead: 4, nCtx: 4, dVocab: 4, positions: 'none', normalization: null },
    task: { kind: 'random', distinct: false, maxPrefix: 0 },
    training: { steps: 1, batch: 1, learningRate: 1 },
  });
  return { name, about: '', model, task, training };
}
