// Whatever happens to workers and server, every result is there once, with the bits of this machine.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { JobQueue, queueKey } from '../../src/sweeps/engines/jobQueue.ts';
import { connectQueue } from '../../src/sweeps/engines/queueConnection.ts';
import { beginTarget, jobsOf } from '../../src/sweeps/folder/openSweep.ts';
import { runHere } from '../../src/sweeps/pool/runHere.ts';
import { COMMAND } from '../support/command.ts';
import { temporaryFolder } from '../support/folders.ts';
import { Line, noRedis, RedisServer } from '../support/redis.ts';
import { writeSweep } from '../support/sweeps.ts';

const folder = temporaryFolder();

const startWorker = (url: string): ChildProcess =>
  spawn(process.execPath, [COMMAND, 'worker', '--on', url, '--jobs', '1', '--quiet'], { stdio: 'ignore' });

test.skipIf(noRedis !== undefined)(
  `three workers, one killed and one cut off, and a server restarted${noRedis ? ` (skipped: ${noRedis})` : ''}`,
  async () => {
    const server = await RedisServer.start();
    onTestFinished(() => server.stop());
    const line = await Line.to(server.port);
    // Runs of a few seconds each, so that something is under way when things break.
    const file = writeSweep(folder, {
      set: { 'training.steps': 1500 },
      seeds: 5,
      measure: { scores: false, audit: true },
    });
    const open = await beginTarget(file, { out: join(folder, 'queued') });
    const queue = new JobQueue(await connectQueue(server.url, { patient: true }));
    const key = queueKey(open.folder);
    expect(await queue.push(jobsOf(open, open.entries, new Set()), { key })).toBe(15);
    const killed = startWorker(server.url);
    const cut = startWorker(line.url);
    const steady = startWorker(server.url);
    const written = new Map<string, number>();
    const pull = (): Promise<number> =>
      queue.pull(key, (outcome) => {
        if (!('result' in outcome)) throw new Error(outcome.failure.error);
        open.folder.writeResult(outcome.result);
        written.set(outcome.result.job, (written.get(outcome.result.job) ?? 0) + 1);
      });
    const until = async (holds: () => boolean): Promise<void> => {
      const patience = Date.now() + 900_000;
      while (!holds()) {
        if (Date.now() > patience) throw new Error(`only ${written.size} of 15 results came`);
        await new Promise((later) => setTimeout(later, 300));
        await pull();
      }
    };
    try {
      await until(() => written.size >= 3);
      killed.kill('SIGKILL');
      line.cut();
      await until(() => written.size >= 5);
      await server.restart();
      await until(() => written.size === 15);
    } finally {
      for (const child of [killed, cut, steady]) child.kill('SIGKILL');
      await Promise.all(
        [killed, cut, steady].map((child) => (child.exitCode ?? child.signalCode) === null && once(child, 'exit')),
      );
      line.close();
      await queue.close();
    }
    expect([...written.values()]).toEqual(Array(15).fill(1));
    const here = await beginTarget(file, { out: join(folder, 'here') });
    await runHere(here, here.entries, { jobs: 2, threads: 1, quiet: true, signal: new AbortController().signal });
    for (const { job } of here.entries)
      expect(open.folder.readResult(job).sha256).toBe(here.folder.readResult(job).sha256);
  },
);
