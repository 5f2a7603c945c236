// The folder of a training run: run.json, metrics.jsonl, checkpoints/, resume.safetensors, analysis.json; and run.lock while
// a process writes there. Reading needs no lock; who writes holds it, and finds out when it is lost before anything is
// written.
import { appendFileSync, existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Experiment, encodeCheckpoint, type NamedWeights, type TrainingState } from '@induction-lab/core/node';
import { badInput, type CommandError } from '../errors.ts';
import { readInput, readJson, writeJson, writeWhole } from '../files/wholeFiles.ts';
import { claimFreshFolder, isLeftover } from './freshFolder.ts';
import { type MetricsRecord, metricsCsv, metricsLine, readMetrics } from './metrics.ts';
import { parseRunInfo, type RunInfo } from './runInfo.ts';
import { RunLock, type TakeOptions } from './runLock.ts';
import { decodeState, encodeState } from './savedState.ts';

export { type LoggedScores, type LossPoint, lossPoints, type MetricsRecord, metricsCsv } from './metrics.ts';
export type { RunInfo } from './runInfo.ts';

export class RunFolder {
  readonly path: string;
  private lock: RunLock | null = null;

  constructor(path: string) {
    this.path = path;
  }

  /** A fresh folder to write in. Throws a CommandError where there is something, or another process just begins. */
  static async claim(path: string, options: TakeOptions = {}): Promise<RunFolder> {
    const folder = new RunFolder(path);
    folder.lock = await claimFreshFolder(path, options);
    return folder;
  }

  /** Takes the lock, to go on writing. Throws a CommandError that says who is writing there. */
  async hold(options: TakeOptions = {}): Promise<void> {
    this.lock = await RunLock.take(this.path, options);
  }

  /** Lets others write. */
  release(): void {
    this.lock?.release();
    this.lock = null;
  }

  private mayWrite(): void {
    if (this.lock === null) throw new Error(`RunFolder: ${this.path} is not held; claim or hold it before writing.`);
    this.lock.check();
  }

  file(...parts: string[]): string {
    return join(this.path, ...parts);
  }

  checkpointPath(step: number): string {
    return this.file('checkpoints', `step-${String(step).padStart(6, '0')}.safetensors`);
  }

  writeInfo(info: RunInfo): void {
    this.mayWrite();
    writeJson(this.file('run.json'), info);
  }

  /** Removes the record of a run that never began, so that another one may begin here. */
  forget(): void {
    this.mayWrite();
    rmSync(this.file('run.json'), { force: true });
  }

  readInfo(): RunInfo {
    if (!existsSync(this.file('run.json'))) throw this.noRun();
    return parseRunInfo(readJson(this.file('run.json'), 'run.json'), this.file('run.json'));
  }

  private noRun(): CommandError {
    const begun = existsSync(this.path) && readdirSync(this.path).every(isLeftover);
    return badInput(
      begun
        ? `${this.path} holds no run (no run.json): nothing had been written there yet; begin it with train and --out ${this.path}.`
        : `${this.path} holds no run (no run.json); name the folder that train wrote.`,
    );
  }

  /** Writes a checkpoint; returns its path and contents. */
  writeCheckpoint(
    step: number,
    { experiment, weights, seed }: { experiment: Experiment; weights: NamedWeights; seed: number },
  ): { path: string; bytes: Uint8Array } {
    this.mayWrite();
    const metadata = { step: String(step), seed: String(seed), experiment: experiment.name };
    const path = this.checkpointPath(step);
    const bytes = encodeCheckpoint(experiment.model, weights, metadata);
    writeWhole(path, bytes);
    return { path, bytes };
  }

  get statePath(): string {
    return this.file('resume.safetensors');
  }

  /** Weights, moments and counters in one file, so that it is never half new. */
  writeState(state: TrainingState): void {
    this.mayWrite();
    writeWhole(this.statePath, encodeState(state), { durable: state.step > 0 });
  }

  /**
   * The state to go on from; null where the run was killed before it had trained a step, so that it begins at its
   * beginning. Throws a CommandError or FileFormatError where a state is missing or wrong.
   */
  readState(): TrainingState | null {
    if (existsSync(this.statePath)) return decodeState(readInput(this.statePath, 'saved state'), this.statePath);
    const reached = Math.max(
      0,
      ...this.checkpointSteps(),
      ...this.readMetrics()
        .slice(-1)
        .map(({ step }) => step),
    );
    if (reached === 0 && this.readInfo().step === 0) return null;
    throw badInput(
      `${this.path} holds no saved state (no resume.safetensors), although its run had reached step ${Math.max(reached, this.readInfo().step)}; put that file back, or start the run anew in another folder.`,
    );
  }

  private checkpointSteps(): number[] {
    const folder = this.file('checkpoints');
    const names = existsSync(folder) ? readdirSync(folder) : [];
    return names.map((name) => Number(/^step-(\d+)\.safetensors$/.exec(name)?.[1] ?? 0));
  }

  appendMetrics(lines: readonly string[]): void {
    if (lines.length === 0) return;
    this.mayWrite();
    const path = this.file('metrics.jsonl');
    try {
      appendFileSync(path, `${lines.join('\n')}\n`);
    } catch (error) {
      throw Object.assign(error as Error, { path });
    }
  }

  /** All records of metrics.jsonl; a last line cut short by a kill is left out. Throws a CommandError for any other. */
  readMetrics(): MetricsRecord[] {
    return readMetrics(this.file('metrics.jsonl'));
  }

  get csvPath(): string {
    return this.file('metrics.csv');
  }

  /** metrics.csv anew, from all records there are. */
  writeCsv(): void {
    this.mayWrite();
    writeWhole(this.csvPath, metricsCsv(this.readMetrics()));
  }

  /** Removes what a kill in the middle of a write left behind. */
  removeUnfinished(): void {
    this.mayWrite();
    for (const folder of [this.path, this.file('checkpoints')])
      for (const name of existsSync(folder) ? readdirSync(folder) : [])
        if (/\.\d+\.tmp$/.test(name)) rmSync(join(folder, name));
  }

  /** Cuts the metrics back to a step, when a run goes on from there. */
  cutMetrics(metrics: readonly MetricsRecord[], step: number): void {
    this.mayWrite();
    const kept = metrics.filter((record) => record.step <= step);
    writeWhole(this.file('metrics.jsonl'), kept.map((record) => `${metricsLine(record)}\n`).join(''));
  }
}
