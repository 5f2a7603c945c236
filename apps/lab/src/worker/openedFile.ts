// A model from a file, read and looked at before it takes the place of anything.
import {
  type Engine,
  type Experiment,
  longestPeriod,
  Model,
  type ModelConfig,
  type NamedWeights,
  parameterCount,
  parseExperiment,
  readInto,
} from '@induction-lab/core/browser';
import { wasmEngine, weightsOf } from '@induction-lab/core/internal';
import { type BenchRun, type GivenModel, type Look, MOST_SEEN, type View } from '../protocol.ts';
import { asSeen, barsOf, fingerprintOf, LOOK_BYTES, lookAt, lookBytes, START } from './look.ts';
import { readModel } from './readModel.ts';
import { LIVE_SEQUENCES, RESTING_SEQUENCES } from './subject.ts';
import type { TextReader } from './textReader.ts';

/** What stands for a model whose weights are never changed. */
export interface Loaded {
  readonly fingerprint: string;
  /** Null for a model that came without a tokenizer. */
  readonly reader: TextReader | null;
}

/** A model that can be shown. */
export interface OpenedFile {
  readonly about: Pick<BenchRun, 'experiment' | 'seed' | 'file'>;
  readonly model: Model;
  readonly loaded: Loaded;
  /** How it is looked at first. */
  readonly look: Look;
  /** Scores of its heads, which are measured once: its weights never change. */
  readonly scores: Pick<View, 'bars' | 'chance'>;
}

/** Reads a file. Throws an Error that names it where it cannot be read, shown here, or held in memory. */
export async function openFile(engine: Engine, given: GivenModel, period: number): Promise<OpenedFile> {
  const { file } = given;
  const { opened, reader } = await readModel(given);
  const { config, metadata } = opened;
  refuseTooLarge(config, file);
  const look: Look = { ...START, period: Math.min(period, longestPeriod(asSeen(config))) };
  const model = new Model(engineFor(engine, config), config);
  readInto(model, opened);
  const scores = shownFirst(model, look, { reader, file });
  const about = { ...{ metadata, readsText: reader !== null }, ...(given.shipped ? { shipped: given.shipped } : {}) };
  return {
    about: { experiment: withoutTraining(config, file), seed: 0, file: about },
    model,
    loaded: { fingerprint: fingerprintOf(eachWeight(model)), reader },
    look,
    scores,
  };
}

/** Looks at a model as it will be looked at; returns its scores. Throws an Error that names the file where that is not possible. */
function shownFirst(
  model: Model,
  look: Look,
  { reader, file }: { reader: TextReader | null; file: string },
): OpenedFile['scores'] {
  try {
    // In a long context every sequence of the scores is long.
    const sequences = model.config.nCtx > MOST_SEEN ? LIVE_SEQUENCES : RESTING_SEQUENCES;
    const scores = reader ? reader.bars(model) : barsOf(model, sequences);
    lookAt(model, look, { step: 0, fingerprint: '', ...scores });
    return scores;
  } catch (error) {
    throw new Error(`${file} cannot be shown here: ${(error as Error).message}`);
  }
}

/** The weights one after the other: memory holds one copy. */
function* eachWeight(model: Model): Iterable<NamedWeights[string]> {
  for (const { name } of weightsOf(model.config)) yield model.getWeight(name);
}

const GIB = 2 ** 30;

/** Bytes that a model may take here: what a browser tells of this machine's memory is the least that it has. */
function memoryLimit(): number {
  const { deviceMemory = 4 } = (globalThis.navigator ?? {}) as { deviceMemory?: number }; // not every browser tells
  return Math.min(2, deviceMemory / 4) * GIB;
}

const megabytes = (bytes: number): string => `${Math.ceil(bytes / 1e6).toLocaleString('en')} MB`;

/** Says in numbers what does not fit, before any weight is read. */
export function refuseTooLarge(config: ModelConfig, file: string): void {
  const { nLayers, nHeads, nCtx, dVocab } = asSeen(config);
  const one = lookBytes(config);
  if (one > LOOK_BYTES)
    throw new Error(
      `${file} has ${nLayers * nHeads} heads, ${nCtx} positions and ${dVocab} tokens: looking at them takes ${megabytes(one)}, and this page takes ${megabytes(LOOK_BYTES)} at most; audit it with the command line.`,
    );
  const weights = 4 * parameterCount(config);
  const most = memoryLimit() - 2 * LOOK_BYTES;
  if (weights > most)
    throw new Error(
      `${file} has ${parameterCount(config).toLocaleString('en')} weights, which take ${megabytes(weights)} of memory; this page takes up to ${megabytes(most)} here. Use a smaller model, or the command line.`,
    );
}

/** Bytes of weights up to which the page's own engine is enough. */
const USUAL = 100e6;

/** An engine whose memories grow as far as a large model needs: the page's own keep what a phone can give. */
function engineFor(engine: Engine, config: ModelConfig): Engine {
  if (engine.wasm === null || 4 * parameterCount(config) <= USUAL) return engine;
  return wasmEngine({ ...engine.wasm, backend: 'simd', maximumPages: Math.floor(memoryLimit() / 65536) });
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
