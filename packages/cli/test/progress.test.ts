// What is printed while a run trains: on a terminal, into a file, into a pipe that closes, and when asked to be quiet.
import { spawnSync } from 'node:child_process';
import { existsSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { COMMAND, expectNoStackTrace, expectRefusal, start, succeed } from './support/command.ts';
import { writeExperiment } from './support/experiment.ts';
import { countTo, readJson, temporaryFolder } from './support/folders.ts';
import { run as runHere, succeed as succeedHere } from './support/inProcess.ts';
import { writeSmallModel } from './support/models.ts';

const folder = temporaryFolder();
const config = writeExperiment(folder, { training: { steps: 60 } });
const long = writeExperiment(folder, { training: { steps: 100_000 } });
const trainInto = (out: string, file = config): string[] => ['train', '--config', file, '--out', join(folder, out)];

test('into a file: plain lines without escape codes, about twenty, each with step, losses, speed and time left', async () => {
  const { stdout, stderr } = await succeed(...trainInto('plain'));
  expect(stdout + stderr).not.toMatch(/\p{Cc}(?<!\n)/u);
  expect(stderr).toMatch(/^small: [\d,]+ parameters, 60 steps of 7 sequences, seed 1, \w+ kernels, into .*plain\n/);
  const lines = stderr.split('\n').filter((line) => line.includes(' step '));
  expect(lines.length).toBeGreaterThanOrEqual(10);
  expect(lines.length).toBeLessThanOrEqual(25);
  for (const line of lines.slice(1)) // the first cannot know the speed yet
    expect(line).toMatch(
      /^small {2}step \d+\/60 {2}first \d\.\d{4} {2}repeat \d\.\d{4} {2}\d+ steps\/s {2}(\d+ min )?\d+ s left$/,
    );
  expect(lines.at(-1)).toContain('step 60/60');
  expect(stdout).toMatch(/^Done: 60 steps in [\d.]+ s\. Checkpoint: .*step-000060\.safetensors\n$/);
});

test('--quiet prints nothing', async () => {
  expect(await succeedHere(...trainInto('quiet'), '--quiet')).toMatchObject({ stdout: '', stderr: '' });
});

test('--json prints every record as a line of JSON and nothing else, the outcome last', async () => {
  const { stdout, stderr } = await succeedHere(...trainInto('json'), '--json', '--scores-every', '20');
  expect(stderr).toBe('');
  const records = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(records.at(-1)).toMatchObject({ status: 'done', step: 60, folder: join(folder, 'json') });
  const scored = records.filter((record) => record.scores);
  expect(scored.map((record) => record.step)).toEqual([20, 40, 60]);
  expect(scored[0].scores.map((s: { head: string }) => s.head)).toEqual(['L0H0', 'L0H1', 'L1H0', 'L1H1']);
  expect(records.filter((record) => record.loss !== undefined).map((record) => record.step)).toEqual(countTo(60));
});

test('on a terminal: one live line that tells step, both losses, steps per second and time left', async (context) => {
  if (spawnSync('script', ['--version']).status !== 0) return context.skip('needs the command `script` of util-linux');
  const command = [process.execPath, COMMAND, ...trainInto('terminal')].map((word) => `'${word}'`).join(' ');
  const { stdout, status } = spawnSync('script', ['-qec', command, '/dev/null'], { encoding: 'utf8' });
  expect(status).toBe(0);
  const [, live] = stdout.split('\n') as [string, string];
  const states = live.split('\u001b[1G').filter((state) => state.includes('step '));
  expect(states.length).toBeGreaterThanOrEqual(3); // one line, written over
  for (const state of states.slice(1))
    expect(state).toMatch(
      /^small {2}step \d+\/60 {2}first \d\.\d{4} {2}repeat \d\.\d{4} {2}\d+ steps\/s {2}.*\d+ s left/,
    );
  expect(states.at(-1)).toContain('step 60/60');
});

test('a pipe that closes stops the run as Ctrl-C does: saved, and without a stack trace', async () => {
  const { child, ended } = start([...trainInto('head', long), '--json']);
  child.stdout!.once('data', () => child.stdout!.destroy());
  const result = await ended;
  expect(result.code, result.stderr).toBe(130);
  expectNoStackTrace(result);
  expect(result.stderr).toContain('Go on with: npx induction-lab train --resume');
  expect(readJson(folder, 'head', 'run.json').status).toBe('stopped');
});

test('a pipe that closes before the audit prints does no harm', async () => {
  const { child, ended } = start([
    'audit',
    writeSmallModel(join(folder, 'blank.safetensors')),
    '--json',
    '--sequences',
    '8',
  ]);
  child.stdout!.destroy();
  expect(await ended).toMatchObject({ code: 0, stderr: '' });
});

test.skipIf(!existsSync('/dev/full'))(
  'output that cannot be written fails (needs /dev/full, which only Linux has)',
  async () => {
    const path = writeSmallModel(join(folder, 'blank.safetensors'));
    const full = openSync('/dev/full', 'w');
    const ended = await start(['audit', path, '--json', '--sequences', '8'], { stdio: ['ignore', full, 'pipe'] }).ended;
    expectRefusal(ended, /The disk is full: could not write the output/, 1);
  },
);

test('a second Ctrl-C stops at once, and the run can be resumed from its last checkpoint', async () => {
  const slow = writeExperiment(folder, { training: { steps: 100_000, batch: 20_000 } }); // seconds a step
  const out = join(folder, 'twice');
  const wait = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));
  const { child, ended } = start(trainInto('twice', slow));
  while (!existsSync(join(out, 'resume.safetensors'))) await wait(20);
  await wait(200); // until the first step is under way
  child.kill('SIGINT');
  await new Promise<void>((heard) => {
    child.stderr!.on('data', (text: string) => text.includes('press Ctrl-C again') && heard());
    child.on('close', () => heard());
  });
  child.kill('SIGINT');
  expect((await ended).code).toBe(130);
  expect(readJson(out, 'run.json').status).toMatch(/^(running|stopped)$/); // stopped if no step had begun
  const before = readFileSync(join(out, 'run.json'), 'utf8');
  const { child: again, ended: stopped } = start(['train', '--resume', out, '--quiet']);
  while (readFileSync(join(out, 'run.json'), 'utf8') === before && again.exitCode === null) await wait(20);
  again.kill('SIGKILL');
  expect(await stopped).toMatchObject({ code: null, stderr: '' });
  expect(readFileSync(join(out, 'run.json'), 'utf8')).not.toBe(before); // it had begun
  expect(readJson(out, 'run.json').status).toBe('running');
});

test('a failure under --json still is one sentence on stderr', async () => {
  expectRefusal(await runHere(...trainInto('json'), '--json'), /already holds another run/);
});
