// The models of a run's checkpoints, one after the other: they share a memory, and what has been laid out there.

import { quoted } from '@induction-lab/core/internal/printable';
import { decodeCheckpoint, type Engine, type Experiment, Model } from '@induction-lab/core/node';
import { badInput } from '../errors.ts';
import { type DrawnOptions, withDrawn } from '../files/drawnTokens.ts';
import { type MeasuredFile, measuredFile } from '../files/provenance.ts';
import { readInput } from '../files/wholeFiles.ts';
import type { RunFolder } from '../runs/runFolder.ts';

/** Sizes in which every checkpoint of a run is the same. */
const SIZES = ['nLayers', 'nHeads', 'dModel', 'dHead', 'nCtx', 'dVocab'] as const;

export class CheckpointModels {
  private readonly engine: Engine;
  private readonly folder: RunFolder;
  private readonly expected: Experiment['model'];
  private readonly drawn: DrawnOptions;
  private last: { readonly config: string; readonly model: Model } | null = null;

  /** `config` is that of run.json; `drawn` is what is said of the sequences that the models saw, beside their files. */
  constructor(
    engine: Engine,
    folder: RunFolder,
    { config, drawn = {} }: { config: Experiment['model']; drawn?: DrawnOptions },
  ) {
    this.engine = engine;
    this.folder = folder;
    this.expected = config;
    this.drawn = drawn;
  }

  /** The model of a step, good until the next one is asked for. Refuses a file of another step or another run. */
  at(step: number): { model: Model; path: string; file: MeasuredFile } {
    const path = this.folder.checkpointPath(step);
    const bytes = readInput(path, 'checkpoint');
    const { config, weights, metadata } = decodeCheckpoint(bytes, path);
    if (metadata.step !== undefined && metadata.step !== String(step))
      throw badInput(
        `${path} holds step ${quoted(metadata.step)} of a run, not the step of its name; put back what train wrote, or take it out of the folder.`,
      );
    const { expected } = this;
    const other = SIZES.find((size) => config[size] !== expected[size]);
    if (other)
      throw badInput(
        `${path} is of another run: its ${other} is ${config[other]}, that of run.json ${expected[other]}; take it out of the folder.`,
      );
    const key = JSON.stringify(config);
    if (this.last?.config !== key)
      this.last = { config: key, model: new Model(this.engine, withDrawn(config, this.drawn, path)) };
    const { model } = this.last;
    model.setWeights(weights);
    return { model, path, file: measuredFile(path, bytes) };
  }
}
