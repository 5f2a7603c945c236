// The folder of a sweep:
//   sweep.json        the sweep, spelled out
//   entries.jsonl     its runs: job, point, seed
//   results/ab/….json one file a job that is done, by the job's id
//   failed/….json     one file a job that could not be done
//   half/….safetensors  the state of jobs under way
// Files are written whole or not at all under names of their own, so any number of processes and machines may add results.
import { randomUUID } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { listed } from '@induction-lab/core/internal/names';
import { printable } from '@induction-lab/core/internal/printable';
import { badInput } from '../../errors.ts';
import { readJson, writeWhole } from '../../files/wholeFiles.ts';
import { checkJobFailure, checkJobResult, type JobFailure, type JobResult } from '../jobs/jobResult.ts';
import type { Entry } from '../jobs/plan.ts';
import { parseSweepRecord, type SweepRecord } from './sweepRecord.ts';

/** Every id begins with one of these, which name the folders of results. */
const SHARDS: readonly string[] = Array.from({ length: 256 }, (_, i) => i.toString(16).padStart(2, '0'));

const ID = /^[0-9a-f]{64}\.json$/;

export class SweepFolder {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  file(...parts: string[]): string {
    return join(this.path, ...parts);
  }

  /** Whether a sweep has begun here. */
  get begun(): boolean {
    return existsSync(this.file('sweep.json'));
  }

  /** Refuses a folder in which something else lies, so that nothing is mixed up. What a killed beginning left does not count. */
  refuseForeign(): void {
    const names = existsSync(this.path) ? readdirSync(this.path) : [];
    const foreign = names.filter(
      (name) => !/^(run\.lock|parts|queue\.json|(sweep\.json|entries\.jsonl)(\..*)?)$/.test(name),
    );
    if (foreign.length > 0)
      throw badInput(
        `${printable(this.path)} is not empty and holds no sweep (${listed(foreign)}); choose another --out.`,
      );
  }

  /** Refuses a folder without a sweep, and a record that is none. */
  read(): SweepRecord {
    if (!this.begun)
      throw badInput(
        `${printable(this.path)} holds no sweep (no sweep.json); name the folder of one, or begin it with sweep run.`,
      );
    return parseSweepRecord(readJson(this.file('sweep.json'), 'sweep.json'), this.file('sweep.json'));
  }

  entries(): Entry[] {
    const text = readFileSync(this.file('entries.jsonl'), 'utf8');
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line, i) => {
        try {
          const [job, point, seed] = JSON.parse(line) as [string, number, number];
          if (typeof job === 'string' && Number.isInteger(point) && Number.isInteger(seed)) return { job, point, seed };
        } catch {
          // told below
        }
        throw badInput(
          `${this.file('entries.jsonl')}, line ${i + 1} is no run of a sweep; remove the file and begin the sweep again: results stay.`,
        );
      });
  }

  /**
   * Writes what the sweep is and its runs. The record comes last: a folder with one is complete. Whoever comes second, of
   * several that begin at once, finds the same there.
   */
  write(record: SweepRecord, entries: readonly Entry[]): void {
    this.writeUnique(
      'entries.jsonl',
      entries.map(({ job, point, seed }) => `${JSON.stringify([job, point, seed])}\n`).join(''),
    );
    this.writeUnique('sweep.json', `${JSON.stringify(record, null, 1)}\n`);
  }

  /** Ids of the jobs that are done. */
  done(): Set<string> {
    const ids = new Set<string>();
    for (const shard of SHARDS) for (const id of idsIn(this.file('results', shard))) ids.add(id);
    return ids;
  }

  /** Ids of the jobs that could not be done. */
  failed(): Set<string> {
    return new Set(idsIn(this.file('failed')));
  }

  resultPath(job: string): string {
    return this.file('results', job.slice(0, 2), `${job}.json`);
  }

  halfPath(job: string): string {
    return this.file('half', `${job}.safetensors`);
  }

  readResult(job: string): JobResult {
    const path = this.resultPath(job);
    return checkJobResult(readJson(path, 'result'), path);
  }

  readFailure(job: string): JobFailure {
    const path = this.file('failed', `${job}.json`);
    return checkJobFailure(readJson(path, 'failure'), path);
  }

  /** Adds a result; it has reached the disk when this returns. The same job done twice is one file. */
  writeResult(result: JobResult): void {
    this.writeUnique(join('results', result.job.slice(0, 2), `${result.job}.json`), JSON.stringify(result), {
      durable: true,
    });
    rmSync(this.file('failed', `${result.job}.json`), { force: true });
  }

  writeFailure(failure: JobFailure): void {
    this.writeUnique(join('failed', `${failure.job}.json`), JSON.stringify(failure), { durable: true });
  }

  /** Takes failures back, so that their jobs are done again. */
  forgetFailures(): void {
    for (const id of this.failed()) rmSync(this.file('failed', `${id}.json`), { force: true });
  }

  /** A temporary name of its own on every machine: processes in containers share their numbers. */
  private writeUnique(name: string, contents: string, { durable = false } = {}): void {
    const path = this.file(name);
    const temporary = `${path}.${randomUUID()}`;
    try {
      writeWhole(temporary, contents, { durable });
      renameSync(temporary, path);
    } catch (error) {
      rmSync(temporary, { force: true });
      throw Object.assign(error as Error, { path });
    }
  }
}

function idsIn(folder: string): string[] {
  try {
    return readdirSync(folder).flatMap((name) => (ID.test(name) ? [name.slice(0, -5)] : []));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
