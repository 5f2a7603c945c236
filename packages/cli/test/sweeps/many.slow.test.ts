// A sweep of a hundred thousand runs, whose results are made up: how far it is, and one table, without waiting.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parquetMetadata } from 'hyparquet';
import { expect, test } from 'vitest';
import { beginTarget } from '../../src/sweeps/folder/openSweep.ts';
import { jobResult } from '../../src/sweeps/jobs/jobResult.ts';
import { jobOfEntry } from '../../src/sweeps/jobs/plan.ts';
import { start } from '../support/command.ts';
import { temporaryFolder } from '../support/folders.ts';
import { writeSweep } from '../support/sweeps.ts';

const RUNS = 100_000;

test('status of 100,000 runs takes less than 2 s of computing, their table less than 60 s and 500 MB', async () => {
  const out = join(temporaryFolder(), 'many');
  const file = writeSweep(temporaryFolder(), {
    axes: [{ field: 'training.learningRate', range: { from: 0.001, to: 0.02, count: 100 } }],
    seeds: RUNS / 100,
  });
  const open = await beginTarget(file, { out });
  expect(open.entries).toHaveLength(RUNS);
  const curve = {
    steps: Array.from({ length: 60 }, (_, i) => i + 1),
    segments: { repeat: Array(60).fill(1.2345678901) },
  };
  const scores = Array.from({ length: 8 }, (_, i) => ({
    head: `L${i >> 2}H${i & 3}`,
    previousToken: 0.1,
    inductionStripe: 0.2,
    inductionExcess: i / 10,
  }));
  const model = jobOfEntry(open.sweep, open.points, open.entries[0]!);
  for (let shard = 0; shard < 256; shard++)
    mkdirSync(join(out, 'results', shard.toString(16).padStart(2, '0')), { recursive: true });
  open.entries.forEach((entry, i) => {
    const measured = { weights: entry.job, losses: { first: 3 + i / RUNS, repeat: 1 }, curves: curve, scores };
    const result = jobResult({ ...model, id: entry.job, seed: entry.seed }, measured, { seconds: 10 });
    writeFileSync(open.folder.resultPath(entry.job), JSON.stringify(result));
  });
  const measure = async (...args: string[]): Promise<{ seconds: number; stdout: string; megabytes: number }> => {
    const { child, ended } = start(args);
    let [megabytes, seconds] = [0, 0];
    const watch = setInterval(() => {
      try {
        const peak = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'));
        megabytes = Math.max(megabytes, Number(peak?.[1] ?? 0) / 1024);
        // Of all its threads, in hundredths: what the machine does besides does not count.
        const [user, system] = readFileSync(`/proc/${child.pid}/stat`, 'utf8')
          .replace(/^.*\) /, '')
          .split(' ')
          .slice(11, 13)
          .map(Number);
        seconds = (user! + system!) / 100;
      } catch {
        // it has ended
      }
    }, 20);
    const { code, stdout, stderr } = await ended;
    clearInterval(watch);
    expect(code, stderr).toBe(0);
    return { seconds, stdout, megabytes };
  };
  const status = await measure('sweep', 'status', out);
  expect(status.stdout).toContain('100,000 of 100,000 runs done');
  const collected = await measure('sweep', 'collect', out);
  console.log(
    `status ${status.seconds.toFixed(2)} s; collect ${collected.seconds.toFixed(1)} s, ${collected.megabytes.toFixed(0)} MB`,
  );
  expect(status.seconds).toBeLessThan(2);
  expect(collected.seconds).toBeLessThan(60);
  expect(collected.megabytes).toBeLessThan(500);
  const table = readFileSync(join(out, 'table.parquet'));
  const { num_rows } = parquetMetadata(
    table.buffer.slice(table.byteOffset, table.byteOffset + table.byteLength) as ArrayBuffer,
  );
  expect(Number(num_rows)).toBe(RUNS);
});
