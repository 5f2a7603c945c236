// A sweep on this machine, with real processes: done once, gone on with, equal whatever happened on the way.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parquetReadObjects } from 'hyparquet';
import { beforeAll, expect, test } from 'vitest';
import { beginTarget, readTarget } from '../../src/sweeps/folder/openSweep.ts';
import { sweepStatus } from '../../src/sweeps/folder/sweepStatus.ts';
import { type JobResult, jobResult } from '../../src/sweeps/jobs/jobResult.ts';
import { jobOfEntry } from '../../src/sweeps/jobs/plan.ts';
import { runJob } from '../../src/sweeps/jobs/runJob.ts';
import { entriesOfPart } from '../../src/sweeps/pool/part.ts';
import { runHere } from '../../src/sweeps/pool/runHere.ts';
import { temporaryFolder } from '../support/folders.ts';
import { run, succeed } from '../support/inProcess.ts';
import { writeSweep } from '../support/sweeps.ts';

const folder = temporaryFolder();
const file = writeSweep(folder);
const out = join(folder, 'done');
const quiet = { quiet: true, signal: new AbortController().signal, threads: 1 };

/** What a folder holds, without what differs from time to time. */
const resultsOf = async (path: string): Promise<Record<string, unknown>> => {
  const { folder: sweep, entries } = await readTarget(path);
  return Object.fromEntries(
    entries.map(({ job }) => {
      const { seconds, ...result } = sweep.readResult(job) as JobResult;
      return [job, result];
    }),
  );
};

beforeAll(async () => {
  const ended = await succeed('sweep', file, '--out', out, '--jobs', '2', '--threads', '1', '--quiet');
  expect(ended.stderr).toBe('');
}, 120_000);

test('every run is there, with what was asked for, and none is done again', async () => {
  const results = Object.values(await resultsOf(out)) as JobResult[];
  expect(results).toHaveLength(6);
  for (const { measured, backend } of results) {
    expect(Object.keys(measured).sort()).toEqual(['curves', 'losses', 'weights']);
    expect(measured.curves!.steps).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
    expect(backend).toBe('simd');
  }
  expect(new Set(results.map(({ measured }) => measured.weights)).size).toBe(6);
  expect(await runHere(await readTarget(out), (await readTarget(out)).entries, quiet)).toEqual({
    done: 6,
    failed: 0,
    of: 6,
    ended: 0,
  });
  expect((await succeed('sweep', 'status', out)).stdout).toContain('tiny: 6 of 6 runs done, 0 failed, 0 to do.');
});

test('a run ends with the weights of train --exact, whatever it is done by', async () => {
  const { folder: sweep, entries } = await readTarget(out);
  const { train, startInline, loadEngine, parseExperiment } = await import('@induction-lab/core/node');
  const { weightsHash } = await import('../../src/sweeps/jobs/measureRun.ts');
  const { sweepJson } = await import('../support/sweeps.ts');
  const base = sweepJson().experiment as { training: object };
  const experiment = parseExperiment({ ...base, training: { ...base.training, learningRate: 0.01 } });
  const engine = await loadEngine({ exact: true });
  const outcome = await train({ engine, experiment, seed: 2, threads: 1, startPool: startInline() });
  expect(sweep.readResult(entries[3]!.job).measured.weights).toBe(weightsHash(outcome.weights));
});

test('a process that is killed, and a sweep that is stopped and gone on with, change no bit', async () => {
  const longer = writeSweep(folder, { set: { 'training.steps': 400 }, axes: [], seeds: 1 });
  const open = await beginTarget(longer, { out: join(folder, 'killed') });
  const { entries } = open;
  const [half, { job }] = [open.folder.halfPath(entries[0]!.job), entries[0]!];
  const stopping = new AbortController();
  const pids = new Set<number>();
  const stopped = await runHere(open, entries, {
    ...quiet,
    jobs: 1,
    signal: stopping.signal,
    onStep: (_, __, { pids: [pid] }) => {
      if (pids.size === 0) process.kill(pid!, 'SIGKILL');
      else if (!pids.has(pid!)) stopping.abort(); // the one that took its place
      pids.add(pid!);
    },
  });
  expect(stopped).toMatchObject({ done: 0, failed: 0, ended: 0 });
  expect(existsSync(half)).toBe(true);
  expect(await runHere(open, entries, { ...quiet, jobs: 1 })).toMatchObject({ done: 1, failed: 0, ended: 1 });
  expect(existsSync(half)).toBe(false);
  const atOnce = await runJob(jobOfEntry(open.sweep, open.points, entries[0]!), {
    ...{ half: join(folder, 'at-once'), threads: 2, signal: quiet.signal },
  });
  expect(open.folder.readResult(job).sha256).toBe(atOnce!.sha256);
});

test('parts do each job once, and together all of them', async () => {
  const { entries } = await readTarget(out);
  const parts = [0, 1, 2, 3].map((index) => entriesOfPart(entries, { index, of: 4 }).map(({ job }) => job));
  expect(parts.map((part) => part.length)).toEqual([2, 2, 1, 1]);
  expect(parts.flat().sort()).toEqual(entries.map(({ job }) => job).sort());
});

test('runs that diverge fail with their sentence, the others do not mind, and they can be done again', async () => {
  const path = join(folder, 'diverged');
  const wild = writeSweep(folder, { axes: [{ field: 'training.learningRate', values: [0.01, 1e30] }], seeds: 1 });
  const ended = await run('sweep', wild, '--out', path, '--jobs', '1', '--threads', '1', '--quiet');
  expect(ended.code).toBe(1);
  expect(ended.stderr).toMatch(/1 of 2 runs failed; sweep status \S+ says which and why/);
  expect((await succeed('sweep', 'status', path)).stdout).toMatch(
    /training\.learningRate 1e\+30, seed 1: The loss is not a finite number at step/,
  );
  const collected = await succeed('sweep', 'collect', path, '--out', join(path, 'runs.csv'));
  expect(collected.stderr).toMatch(/1 failed:\n {2}training\.learningRate 1e\+30, seed 1: The loss/);
  expect(readFileSync(join(path, 'runs.csv'), 'utf8').split('\n')[2]).toMatch(/^1e\+30,1,failed,The loss is not/);
  (await readTarget(path)).folder.forgetFailures();
  expect((await succeed('sweep', 'status', path)).stdout).toContain('1 of 2 runs done, 0 failed, 1 to do.');
});

test('the three tables hold the same', async () => {
  await succeed('sweep', 'collect', out);
  const lines = readFileSync(join(out, 'table.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  const bytes = readFileSync(join(out, 'table.parquet'));
  const rows = await parquetReadObjects({
    file: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer,
  });
  expect(rows).toEqual(lines);
  const [header, first] = readFileSync(join(out, 'table.csv'), 'utf8')
    .split('\n')
    .map((line) => line.split(','));
  expect(header!.slice(0, 4)).toEqual(['training.learningRate', 'seed', 'status', 'error']);
  expect(first!.slice(0, 4)).toEqual(['0.001', '1', 'done', '']);
  expect(lines).toHaveLength(6);
  expect(lines[3]).toMatchObject({ 'training.learningRate': 0.01, seed: 2, status: 'done', backend: 'simd' });
});

test('a sweep whose file asks for more goes on; a folder of another one is refused and stays as it was', async () => {
  const path = join(folder, 'grown');
  const less = writeSweep(folder, { seeds: 1 });
  await beginTarget(less, { out: path });
  expect((await beginTarget(file, { out: path })).entries).toHaveLength(6);
  expect((await readTarget(path)).entries).toHaveLength(6);
  const before = readFileSync(join(path, 'sweep.json'), 'utf8');
  const other = writeSweep(folder, { name: 'other', axes: [] });
  const refused = await run('sweep', other, '--out', path);
  expect(refused).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/holds another sweep \("tiny", .*; choose another --out/),
  });
  expect(readFileSync(join(path, 'sweep.json'), 'utf8')).toBe(before);
  const foreign = join(folder, 'foreign');
  mkdirSync(foreign);
  writeFileSync(join(foreign, 'run.json'), '{}');
  expect(await run('sweep', file, '--out', foreign)).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/foreign is not empty and holds no sweep \(run\.json\); choose another --out/),
  });
  expect(readdirSync(foreign)).toEqual(['run.json']);
  for (const command of ['status', 'collect', 'report'])
    expect((await run('sweep', command, join(folder, 'nowhere'))).code, command).toBe(2);
});

test('results of two versions are refused unless asked for, and then marked', async () => {
  const path = join(folder, 'mixed');
  const open = await beginTarget(file, { out: path });
  const { folder: done, entries } = await readTarget(out);
  entries.forEach(({ job }, i) => {
    const result = done.readResult(job);
    open.folder.writeResult(i === 4 ? { ...result, versions: { ...result.versions, inductionLab: '0.0.9' } } : result);
  });
  expect(await run('sweep', 'collect', path)).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/results of several versions of the program .*0\.0\.9.*--mixed/),
  });
  expect(existsSync(join(path, 'table.csv'))).toBe(false);
  const together = await succeed('sweep', 'collect', path, '--mixed');
  expect(together.stderr).toMatch(/Results of 2 versions of the program together/);
});

test('a result that was changed by hand is named, not counted', async () => {
  const path = join(folder, 'changed');
  const open = await beginTarget(file, { out: path });
  const { folder: done, entries } = await readTarget(out);
  const result = done.readResult(entries[0]!.job);
  open.folder.writeResult(result);
  const spoilt = JSON.stringify({ ...result, measured: { ...result.measured, losses: { repeat: 0 } } });
  writeFileSync(open.folder.resultPath(result.job), spoilt);
  expect(await run('sweep', 'collect', path)).toMatchObject({
    stderr: expect.stringMatching(/does not match its own hash; remove it/),
  });
});

test('status counts, names the rate and what is left', async () => {
  const status = sweepStatus(await readTarget(out));
  expect(status).toMatchObject({ jobs: 6, done: 6, failed: 0, secondsLeft: 0, failures: [] });
  expect(status.perMinute).toBeGreaterThan(0);
});

test('runs are done again and compared, and one that is not the same is named', async () => {
  const path = join(folder, 'differs');
  const open = await beginTarget(file, { out: path });
  const { folder: done, entries } = await readTarget(out);
  open.folder.writeResult(done.readResult(entries[1]!.job));
  const measured = { ...done.readResult(entries[0]!.job).measured, weights: 'other' };
  open.folder.writeResult(jobResult(jobOfEntry(open.sweep, open.points, entries[0]!), measured, { seconds: 1 }));
  expect(await run('sweep', 'verify', path, '--share', '1', '--jobs', '1', '--quiet')).toMatchObject({
    code: 1,
    stdout: 'differs: training.learningRate 0.001, seed 1\n',
    stderr: expect.stringMatching(/1 of 2 runs done again came out otherwise; with the plain-SIMD build they must not/),
  });
});

test('the report has every run as a dot, and its table in a page of Markdown', async () => {
  const page = join(folder, 'page.md');
  expect(await run('sweep', 'report', out, '--markdown', page)).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/There is no .*page\.md/),
  });
  writeFileSync(
    page,
    'before\n<!-- tiny:begin -->\nold\n<!-- tiny:end -->\nafter\n<!-- tiny.curves:begin -->\n<!-- tiny.curves:end -->\n',
  );
  await succeed('sweep', 'report', out, '--markdown', page, '--images', join(folder, 'pictures'));
  const text = readFileSync(page, 'utf8');
  expect(text).toMatch(/^before\n<!-- tiny:begin -->\n6 of 6 runs, 2 seeds of each setting; made by /);
  expect(text).toContain(
    '| training.learningRate | runs |\n|---|---|\n| 0.001 | 2 |\n| 0.01 | 2 |\n| 0.02 | 2 |\n<!-- tiny:end -->\nafter\n',
  );
  expect(text).toContain('<img src="pictures/tiny-curves.svg" alt="Training loss');
  expect(readdirSync(join(folder, 'pictures'))).toEqual(
    ['-dark', '-narrow-dark', '-narrow', ''].map((ending) => `tiny-curves${ending}.svg`),
  );
  expect(readdirSync(join(out, 'figures'))).toEqual(['curves-dark.png', 'curves-dark.svg', 'curves.png', 'curves.svg']);
  expect(readFileSync(join(out, 'report.html'), 'utf8')).toContain(
    '6 of 6 runs are done, 2 seeds of each setting; 0 failed, 0 missing.',
  );
  expect(await run('sweep', 'report', out, '--by', 'training.batch')).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/no axis "training\.batch"; the nearest is "training\.learningRate"/),
  });
});
