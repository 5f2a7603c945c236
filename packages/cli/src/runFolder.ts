// The folder of a training run: run.json, metrics.jsonl, checkpoints/, resume.safetensors, analysis.json.
import { appendFileSync, existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import {
  type Backend,
  decodeSafetensors,
  type Experiment,
  ExperimentError,
  encodeCheckpoint,
  encodeSafetensors,
  type NamedWeights,
  parseExperiment,
  type TrainingState,
} from '@induction-lab/core/node';
import { badInput } from './errors.ts';
import { readInput, readJson, writeJson, writeWhole } from './files.ts';

export const SCHEMA_VERSION = 1;

/** run.json: what ran, where, how far. */
export interface RunInfo {
  readonly schemaVersion: number;
  readonly name: string;
  readonly experiment: Experiment;
  readonly seed: number;
  readonly backend: Backend;
  readonly threads: number;
  readonly versions: { readonly inductionLab: string; readonly node: string };
  readonly platform: string;
  readonly startedAt: string;
  readonly finishedAt: string | null;
  readonly status: 'running' | 'done' | 'stopped' | 'failed';
  readonly step: number;
  /** Seconds of training, all sessions together, scores and checkpoints included. */
  readonly seconds: number;
}

/** An experiment from parsed JSON; what is wrong with it is told with the file's name. */
export function readExperiment(json: unknown, path: string): Experiment {
  try {
    return parseExperiment(json);
  } catch (error) {
    if (!(error instanceof ExperimentError)) throw error;
    throw badInput(`${path}: ${error.message}`);
  }
}

export class RunFolder {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  file(...parts: string[]): string {
    return join(this.path, ...parts);
  }

  checkpointPath(step: number): string {
    return this.file('checkpoints', `step-${String(step).padStart(6, '0')}.safetensors`);
  }

  writeInfo(info: RunInfo): void {
    writeJson(this.file('run.json'), info);
  }

  readInfo(): RunInfo {
    if (!existsSync(this.file('run.json')))
      throw badInput(`${this.path} holds no run (no run.json); name the folder that train wrote.`);
    const info = readJson(this.file('run.json'), 'run.json') as RunInfo | null;
    if (info?.schemaVersion !== SCHEMA_VERSION)
      throw badInput(
        `${this.file('run.json')} has schemaVersion ${info?.schemaVersion}, this version reads ${SCHEMA_VERSION}; use the version that wrote it.`,
      );
    return { ...info, experiment: readExperiment(info.experiment, this.file('run.json')) };
  }

  writeCheckpoint(step: number, experiment: Experiment, weights: NamedWeights, seed: number): void {
    const metadata = { step: String(step), seed: String(seed), experiment: experiment.name };
    writeWhole(this.checkpointPath(step), encodeCheckpoint(experiment.model, weights, metadata));
  }

  /** Weights, moments and counters in one file, so that it is never half new. */
  writeState(state: TrainingState): void {
    const prefixed = (prefix: string, tensors: NamedWeights): [string, NamedWeights[string]][] =>
      Object.entries(tensors).map(([name, tensor]) => [`${prefix}${name}`, tensor]);
    const tensors = Object.fromEntries([
      ...prefixed('', state.weights),
      ...prefixed('adamw.m.', state.m),
      ...prefixed('adamw.v.', state.v),
    ]);
    const metadata = { step: String(state.step), seed: String(state.seed) };
    writeWhole(this.file('resume.safetensors'), encodeSafetensors(tensors, metadata), { durable: state.step > 0 });
  }

  readState(): TrainingState {
    const path = this.file('resume.safetensors');
    if (!existsSync(path))
      throw badInput(
        `${this.path} holds no saved state (no resume.safetensors); start the run anew in another folder.`,
      );
    const { tensors, metadata } = decodeSafetensors(readInput(path, 'saved state'), path);
    const part = (pick: RegExp): NamedWeights =>
      Object.fromEntries(
        Object.entries(tensors).flatMap(([name, tensor]) => {
          const match = name.match(pick);
          return match ? [[match[1] as string, tensor]] : [];
        }),
      );
    const state = { step: Number(metadata.step), seed: Number(metadata.seed) };
    if (!Number.isInteger(state.step) || !Number.isInteger(state.seed))
      throw badInput(`${path} names no step and seed; it was not written by train.`);
    return { ...state, weights: part(/^(?!adamw\.)(.*)$/), m: part(/^adamw\.m\.(.*)$/), v: part(/^adamw\.v\.(.*)$/) };
  }

  appendMetrics(lines: readonly string[]): void {
    if (lines.length === 0) return;
    const path = this.file('metrics.jsonl');
    try {
      appendFileSync(path, `${lines.join('\n')}\n`);
    } catch (error) {
      throw Object.assign(error as Error, { path });
    }
  }

  /** All records of metrics.jsonl; a last line cut short by a kill is left out. */
  readMetrics(): MetricsRecord[] {
    const path = this.file('metrics.jsonl');
    if (!existsSync(path)) return [];
    const lines = readFileSync(path, 'utf8').split('\n');
    return lines.flatMap((line): MetricsRecord[] => {
      try {
        return line === '' ? [] : [JSON.parse(line) as MetricsRecord];
      } catch {
        return [];
      }
    });
  }

  /** Removes what a kill in the middle of a write left behind. */
  removeUnfinished(): void {
    for (const folder of [this.path, this.file('checkpoints')])
      for (const name of existsSync(folder) ? readdirSync(folder) : [])
        if (/\.\d+\.tmp$/.test(name)) rmSync(join(folder, name));
  }

  /** Cuts the metrics back to a step, when a run goes on from there. */
  cutMetrics(step: number): void {
    const kept = this.readMetrics().filter((record) => record.step <= step);
    writeWhole(this.file('metrics.jsonl'), kept.map((record) => `${JSON.stringify(record)}\n`).join(''));
  }
}

/** A line of metrics.jsonl. Losses in nats; `scores` every so many steps, `perPosition` on request. */
export interface MetricsRecord {
  readonly step: number;
  readonly loss?: number;
  readonly lossFirst?: number | null;
  readonly lossBoundary?: number | null;
  readonly lossRepeat?: number | null;
  readonly learningRate?: number;
  readonly gradientNorm?: number;
  readonly tokensPerSecond?: number;
  readonly perPosition?: readonly number[];
  readonly scores?: readonly LoggedScores[];
}

export interface LoggedScores {
  readonly head: string;
  readonly previousToken: number;
  readonly inductionStripe: number;
  readonly inductionExcess: number;
  readonly positionalOffset: number;
}

const CSV_COLUMNS = [
  'step',
  'loss',
  'lossFirst',
  'lossBoundary',
  'lossRepeat',
  'learningRate',
  'gradientNorm',
  'tokensPerSecond',
] as const;

/** The step records as CSV with a header; empty cells where a task has no such loss. Scores and positions stay in JSON. */
export const metricsCsv = (records: readonly MetricsRecord[]): string =>
  [CSV_COLUMNS, ...records.filter((r) => r.loss !== undefined).map((r) => CSV_COLUMNS.map((c) => r[c] ?? ''))]
    .map((cells) => `${cells.join(',')}\n`)
    .join('');

/** The curve points of the step records. */
export const lossPoints = (
  metrics: readonly MetricsRecord[],
): { step: number; lossFirst: number | null; lossRepeat: number; lossBoundary: number | null }[] =>
  metrics.flatMap(({ step, lossFirst, lossRepeat, lossBoundary }) =>
    typeof lossRepeat === 'number'
      ? [{ step, lossFirst: lossFirst ?? null, lossRepeat, lossBoundary: lossBoundary ?? null }]
      : [],
  );
