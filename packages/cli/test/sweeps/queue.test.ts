// A sweep through a real Redis: the same results as here, each once, and nothing that a queue holds is trusted.
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { JobQueue, type Outcome, queueKey } from '../../src/sweeps/engines/jobQueue.ts';
import { connectQueue } from '../../src/sweeps/engines/queueConnection.ts';
import { beginTarget, jobsOf, readTarget } from '../../src/sweeps/folder/openSweep.ts';
import { runHere } from '../../src/sweeps/pool/runHere.ts';
import { run as runProcess } from '../support/command.ts';
import { temporaryFolder, writeJson } from '../support/folders.ts';
import { run, succeed } from '../support/inProcess.ts';
import { noRedis, RedisServer } from '../support/redis.ts';
import { writeSweep } from '../support/sweeps.ts';

const folder = temporaryFolder();
const file = writeSweep(folder, { seeds: 1 });

test('a queue that is not there, and an address that is none, are told in a sentence without the password', async () => {
  const out = join(folder, 'nowhere');
  const gone = await run('sweep', 'push', file, '--out', out, '--on', 'redis://me:secret@127.0.0.1:1');
  expect(gone).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(
      /No Redis answers at redis:\/\/127\.0\.0\.1:1 \(connect ECONNREFUSED.*; start it, or correct --on/,
    ),
  });
  expect(gone.stderr).not.toContain('secret');
  expect(await run('worker', '--on', 'localhost')).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/--on must be an address such as redis:/),
  });
});

test('a sweep with data of its own is refused by push', async () => {
  const data = join(folder, 'data.jsonl');
  writeJson(data, [1, 2, 3]);
  const own = writeSweep(folder, { data, axes: [] });
  expect(await run('sweep', 'push', own, '--out', join(folder, 'own'), '--on', 'redis://127.0.0.1:1')).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(
      /trains on data of its own .*data\.jsonl\), which a queue does not carry; run it here, or in parts/,
    ),
  });
});

describe.skipIf(noRedis !== undefined)(`with a server${noRedis ? ` (skipped: ${noRedis})` : ''}`, () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await RedisServer.start();
  }, 60_000);
  afterAll(() => server.stop());

  test('a worker does what was pushed, and the results are those of this machine, bit for bit', async () => {
    const out = join(folder, 'queued');
    const pushed = await succeed('sweep', 'push', file, '--out', out, '--on', server.url);
    expect(pushed.stdout).toMatch(/^3 runs sent to redis:\/\/127/);
    await succeed('sweep', 'push', file, '--out', out, '--on', server.url); // twice is once
    const here = await beginTarget(file, { out: join(folder, 'here') });
    const [worked] = await Promise.all([
      runProcess('worker', '--on', server.url, '--until-empty', '--jobs', '1'),
      runHere(here, here.entries, { jobs: 1, threads: 1, quiet: true, signal: new AbortController().signal }),
    ]);
    expect(worked).toMatchObject({ code: 0, stderr: expect.stringMatching(/3 runs done\./) });
    expect((await succeed('sweep', 'pull', out, '--on', server.url)).stdout).toMatch(/^3 pulled; 3 of 3 runs are done/);
    expect((await succeed('sweep', 'pull', out, '--on', server.url)).stdout).toMatch(/^0 pulled; 3 of 3/);
    const queued = await readTarget(out);
    for (const { job } of here.entries)
      expect(queued.folder.readResult(job).sha256).toBe(here.folder.readResult(job).sha256);
  });

  test('what cannot be written stays in the queue', async () => {
    const open = await beginTarget(file, { out: join(folder, 'full') });
    const done = await readTarget(join(folder, 'here'));
    const queue = new JobQueue(await connectQueue(server.url, { patient: false }));
    const key = queueKey(open.folder);
    await queue.push(jobsOf(open, open.entries, new Set()), { key });
    await answerAll(queue, ({ data }) => ({ result: done.folder.readResult(data.id) }));
    const full = Object.assign(new Error('no space'), { code: 'ENOSPC' });
    let kept = 0;
    await expect(
      queue.pull(key, () => {
        if (kept === 1) throw full;
        kept++;
      }),
    ).rejects.toBe(full);
    const rest: Outcome[] = [];
    expect(await queue.pull(key, (outcome) => rest.push(outcome))).toBe(2);
    expect(rest).toHaveLength(2);
    await queue.close();
  });

  test('a result that does not match its hash is refused, a job of another sweep’s folder is left alone', async () => {
    const open = await beginTarget(file, { out: join(folder, 'forged') });
    const done = await readTarget(join(folder, 'here'));
    const queue = new JobQueue(await connectQueue(server.url, { patient: false }));
    const key = queueKey(open.folder);
    await queue.push(jobsOf(open, open.entries.slice(0, 1), new Set()), { key });
    await answerAll(queue, ({ data }) => {
      const result = done.folder.readResult(data.id);
      return { result: { ...result, measured: { ...result.measured, weights: 'forged' } } };
    });
    expect(await queue.pull('0123456789abcdef', () => {})).toBe(0);
    await expect(queue.pull(key, () => {})).rejects.toThrow(/does not match its own hash/);
    await queue.close();
  });

  test('a worker says that what waits is of another version, and does not touch it', async () => {
    const connection = await connectQueue(server.url, { patient: false });
    const other = new connection.bullmq.Queue('induction-lab-9.9.9-kernels-99', { connection: connection.client });
    await connection.client.sadd('induction-lab:queues', other.name);
    await other.add('run', {});
    const refused = await run('worker', '--on', server.url, '--until-empty');
    expect(refused).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(
        /holds 1 runs of version 9\.9\.9, kernels 99, which a worker of another version may not do/,
      ),
    });
    expect(await other.getWaitingCount()).toBe(1);
    connection.client.disconnect();
  });
});

/** Does every job that waits as `answer` says, as a worker would. */
async function answerAll(queue: JobQueue, answer: (job: { data: { id: string } }) => Outcome): Promise<void> {
  const { Worker } = await import('bullmq');
  const { connection } = queue.queue.opts;
  const worker = new Worker(queue.queue.name, null, { connection, autorun: false });
  for (let job = await worker.getNextJob('token'); job; job = await worker.getNextJob('token', { block: false }))
    await job.moveToCompleted(answer(job), 'token', false);
  await worker.close();
}
