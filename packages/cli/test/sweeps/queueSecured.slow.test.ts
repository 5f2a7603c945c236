// A queue over TLS with a password, a worker that goes on where another one was stopped, and a sweep verified by workers.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { beginTarget } from '../../src/sweeps/folder/openSweep.ts';
import { runHere } from '../../src/sweeps/pool/runHere.ts';
import { COMMAND } from '../support/command.ts';
import { temporaryFolder } from '../support/folders.ts';
import { noRedis, RedisServer, selfSigned } from '../support/redis.ts';
import { writeSweep } from '../support/sweeps.ts';

const folder = temporaryFolder();
const secured = noRedis === undefined ? selfSigned(folder, 'pass-word') : null;

/** Runs the command in a process of its own, which alone reads NODE_EXTRA_CA_CERTS when it starts. */
async function command(args: readonly string[], env: Record<string, string>, stopWhen?: () => boolean) {
  const child = spawn(process.execPath, [COMMAND, ...args], { env: { ...process.env, ...env } });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (text) => (stdout += text));
  child.stderr.on('data', (text) => (stderr += text));
  const timer = stopWhen && setInterval(() => stopWhen() && child.kill('SIGINT'), 500);
  const [code] = await once(child, 'close');
  clearInterval(timer);
  return { code, stdout, stderr };
}

test.skipIf(secured === null)(
  'rediss:// with a password: trusted by NODE_EXTRA_CA_CERTS, refused without',
  async () => {
    const server = await RedisServer.start(secured);
    onTestFinished(() => server.stop());
    const trusted = { NODE_EXTRA_CA_CERTS: secured!.certificate };
    const file = writeSweep(folder, { seeds: 1, axes: [], set: { 'training.steps': 3000 } });
    const [out, state] = [join(folder, 'out'), join(folder, 'state')];
    const push = ['sweep', 'push', file, '--out', out, '--on'];
    expect(await command([...push, server.url], {})).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/No Redis answers at rediss:.*certificate.*NODE_EXTRA_CA_CERTS/),
    });
    const wrong = await command([...push, server.url.replace('pass-word', 'guessed')], trusted);
    expect(wrong).toMatchObject({ code: 2, stderr: expect.stringMatching(/WRONGPASS/) });
    expect(wrong.stderr).not.toContain('guessed');
    expect(await command([...push, server.url], trusted)).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^1 runs sent/),
    });

    // Stopped on the way: its state stays, and the next worker goes on from there.
    const worker = ['worker', '--on', server.url, '--jobs', '1', '--state', state];
    let begun = 0;
    await command(worker, trusted, () => begun++ > 10);
    const kept = readdirSync(state).filter((name) => name.endsWith('.safetensors'));
    expect(kept).toHaveLength(1);
    expect(await command([...worker, '--until-empty'], trusted)).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/1 runs done/),
    });
    expect(readdirSync(state)).toEqual([]);
    expect(await command(['sweep', 'pull', out, '--on', server.url], trusted)).toMatchObject({ code: 0 });
    const here = await beginTarget(file, { out: join(folder, 'here') });
    await runHere(here, here.entries, { jobs: 1, threads: 1, quiet: true, signal: new AbortController().signal });
    const open = await beginTarget(file, { out });
    for (const { job } of here.entries)
      expect(open.folder.readResult(job).sha256).toBe(here.folder.readResult(job).sha256);

    const [verified] = await Promise.all([
      command(['sweep', 'verify', out, '--share', '1', '--on', server.url], trusted),
      command([...worker, '--quiet'], trusted, () => begun++ > 60),
    ]);
    expect(verified).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^1 of 1 runs done again: every result is the same/),
    });
  },
);
