// Training on data that somebody gives: what the command line takes, what the run's folder says of it, and going on.
import { copyFileSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { expectRefusal, signalAtStep, start } from './support/command.ts';
import { writeExperiment } from './support/experiment.ts';
import { checkpointFile, metrics, readJson, temporaryFolder, weightsHash } from './support/folders.ts';
import { run, succeed } from './support/inProcess.ts';

const folder = temporaryFolder();
const inside = (name: string): string => join(folder, name);
const config = writeExperiment(folder, { training: { steps: 120, batch: 4 } });
const module = inside('recall.mjs');
copyFileSync(fileURLToPath(new URL('../../core/test/data/recall.mjs', import.meta.url)), module);
const tokens = inside('tokens.bin');
writeFileSync(tokens, new Uint8Array(Uint16Array.from({ length: 330 }, (_, i) => (i * i) % 20).buffer));

const train = (out: string, data: string, ...more: string[]) =>
  succeed('train', '--config', config, '--data', data, '--out', inside(out), '--quiet', '--exact', ...more);
const final = (out: string): string => weightsHash(checkpointFile(inside(out), 120));

test('a run on a module is logged by the module’s segments, and run.json says what it was trained on', async () => {
  await train('module', module, '--csv');
  expect(readJson(inside('module'), 'run.json')).toMatchObject({
    experiment: { task: { kind: 'data' } },
    data: {
      path: module,
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      segments: [
        { name: 'answer', title: 'answer', predictable: true },
        { name: 'prompt', title: 'prompt' },
      ],
    },
  });
  const [first] = metrics(inside('module'));
  expect(Object.keys(first!)).toEqual(['step', 'loss', 'lossAnswer', 'lossPrompt', 'learningRate', 'gradientNorm']);
  expect(readFileSync(join(inside('module'), 'metrics.csv'), 'utf8').split('\n')[0]).toBe(
    'step,loss,lossAnswer,lossPrompt,learningRate,gradientNorm,tokensPerSecond',
  );
  const shown = await succeed('dynamics', inside('module'), '--checkpoints', '2', '--sequences', '2');
  expect(shown.stdout).toContain('phase change');
});

test('a run that is stopped goes on with the same bits, also where its data has moved', async () => {
  await train('whole', tokens);
  const args = ['train', '--config', config, '--data', tokens, '--out', inside('stopped'), '--exact', '--threads', '2'];
  const { signalled } = await signalAtStep(30, 'SIGINT', args);
  expect(signalled).toBe(true);
  expect(readJson(inside('stopped'), 'run.json')).toMatchObject({ status: 'stopped' });
  const moved = inside('moved.bin');
  renameSync(tokens, moved);
  expectRefusal(await run('train', '--resume', inside('stopped'), '--quiet'), /data: .*tokens\.bin could not be read/);
  await succeed('train', '--resume', inside('stopped'), '--data', moved, '--quiet');
  expect(final('stopped')).toBe(final('whole'));
  renameSync(moved, tokens);
});

test('another file than the run was trained on is refused, and nothing in the folder changes', async () => {
  const changing = inside('changing.jsonl');
  writeFileSync(changing, '[1,2,3]\n[4,5,6]\n[7,8,9]\n');
  const args = ['train', '--config', config, '--data', changing, '--out', inside('changed'), '--exact'];
  expect((await signalAtStep(20, 'SIGINT', args)).signalled).toBe(true);
  writeFileSync(changing, '[1,2,3]\n[4,5,6]\n[7,8,10]\n');
  expectRefusal(
    await run('train', '--resume', inside('changed'), '--quiet'),
    /changing\.jsonl is not the file that .*changed was trained on \(its SHA-256 begins with [0-9a-f]{12}, that one with [0-9a-f]{12}\); put it back/,
  );
});

test.each<[string, string[], RegExp]>([
  ['a file that is none of these', ['--data', config], /must end in \.jsonl, \.bin or \.safetensors/],
  [
    'a token that the model does not know',
    ['--data', tokens, '--data-dtype', 'int32'],
    /has token -?\d+ at position 0, where this model knows 0 to 19/,
  ],
  [
    'a type without a file',
    ['--data-dtype', 'int32'],
    /--data-dtype says how a file of --data is stored; give that too/,
  ],
  [
    'a type that there is none of',
    ['--data', tokens, '--data-dtype', 'int8'],
    /--data-dtype.*Allowed choices are uint16, int32/,
  ],
])('%s is refused', async (_, more, sentence) => {
  expectRefusal(await run('train', '--config', config, '--out', inside('refused'), ...more), sentence);
});

test('an experiment whose task is data needs some, and a run on a task takes none', async () => {
  const needy = writeExperiment(folder, { task: { kind: 'data' } });
  expectRefusal(
    await run('train', '--config', needy, '--out', inside('needy')),
    /task is "data"; name what to train on with --data FILE/,
  );
  const plain = writeExperiment(folder, { training: { steps: 3000 } });
  const stopped = await signalAtStep(20, 'SIGINT', ['train', '--config', plain, '--out', inside('plain')]);
  expect(stopped.signalled).toBe(true);
  expectRefusal(
    await run('train', '--resume', inside('plain'), '--data', tokens),
    /was trained on a task, not on data; resume it without --data/,
  );
});

test('scattered pairs train from the command line, with their segments in the log', async () => {
  const pairs = writeExperiment(folder, {
    task: { kind: 'scattered', pairs: 4 },
    training: { steps: 3, warmupSteps: 0 },
  });
  const { stderr } = await succeed('train', '--config', pairs, '--out', inside('pairs'));
  expect(stderr).toMatch(/step 3\/3 {2}repeat \d\.\d{4} {2}rest \d\.\d{4}/);
  expect(metrics(inside('pairs'))[0]).toMatchObject({ lossRepeat: expect.any(Number), lossRest: expect.any(Number) });
});

test('audit --held-out measures what a run held out, or what is named, beside a record that stays as it is', async () => {
  const task = {
    kind: 'varied',
    periods: [4, 9],
    heldOutPeriods: [6],
    maxPrefix: 4,
    heldOutStarts: [3],
    heldOutTokens: [2, 5],
  };
  const held = writeExperiment(folder, { task, training: { steps: 12 } });
  await succeed('train', '--config', held, '--out', inside('held'), '--quiet', '--exact');
  const checkpoint = checkpointFile(inside('held'), 12);
  const audited = async (...more: string[]): Promise<Record<string, unknown>> =>
    JSON.parse((await succeed('audit', checkpoint, '--sequences', '8', '--exact', '--json', ...more)).stdout);
  const { heldOut, ...record } = await audited('--held-out', 'run');
  expect(record).toEqual(await audited());
  expect(heldOut).toMatchObject({
    periods: [{ period: 6 }],
    starts: [{ start: 3 }],
    tokens: { tokens: [2, 5] },
    sequences: 8,
  });
  const named = await audited('--held-out', 'periods=7,8', '--held-out', 'tokens=1');
  expect(named.heldOut).toMatchObject({ periods: [{ period: 7 }, { period: 8 }], starts: [], tokens: { tokens: [1] } });
  for (const order of [
    ['tokens=1,2', 'run'],
    ['run', 'tokens=1,2'],
  ]) {
    const both = await audited(...order.flatMap((what) => ['--held-out', what]));
    expect(both.heldOut).toMatchObject({ periods: [{ period: 6 }], tokens: { tokens: [1, 2, 5] } });
  }
  expectRefusal(await run('audit', inside('held'), '--held-out', 'run'), /held is a folder; name the checkpoint in it/);
  const { stdout } = await succeed('audit', checkpoint, '--sequences', '8', '--held-out', 'run');
  expect(stdout).toMatch(
    /Held out of training, nats .*\n {2}period 6: \d.*\n {2}start 3: \d.* on the repeat of a block of \d+\n {2}tokens 2, 5, in blocks of/,
  );
  expectRefusal(
    await run('audit', checkpoint, '--held-out', 'starts=99'),
    /names 99, after which a context of 30 has no room/,
  );
  expectRefusal(
    await run('audit', checkpoint, '--held-out', 'six'),
    /--held-out.*It must be run, or look like periods=8,12/,
  );
  const plain = checkpointFile(inside('whole'), 120);
  expectRefusal(
    await run('audit', plain, '--held-out', 'run'),
    /the task of this run holds nothing out; leave out --held-out run/,
  );
});

test('what a module leaves running does not keep the command, and what it throws too late is a sentence', async () => {
  const told = (name: string, text: string) => {
    writeFileSync(inside(name), text);
    return start(['train', '--config', config, '--data', inside(name), '--out', inside(`${name}-run`), '--quiet'])
      .ended;
  };
  const sequence = 'export const sequence = () => [1, 2, 3];';
  expect(await told('timer.mjs', `setInterval(() => {}, 1000); ${sequence}`)).toMatchObject({ code: 0, stderr: '' });
  const late = await told('late.mjs', `setTimeout(() => { throw new Error('late'); }, 50); ${sequence}`);
  expectRefusal(late, /^error: late, thrown at file:.*late\.mjs:1$/, 1);
});

test('segments that a module marks as false are left out of run.json, which is read again', async () => {
  const text = `export const segments = [{ name: 'a', predictable: false }];
    export const sequence = () => ({ tokens: [1, 2, 3], segments: { a: [0, 1] } });`;
  writeFileSync(inside('false.mjs'), text);
  await train('false', inside('false.mjs'));
  expect(readJson(inside('false'), 'run.json')).toMatchObject({ data: { segments: [{ name: 'a', title: 'a' }] } });
  await succeed('train', '--resume', inside('false'), '--quiet');
});

test('what data calls its repeat is not the repeat of blocks that dynamics tells of', async () => {
  // The same two tokens again and again: that loss is soon gone, and blocks are as strange to the model as before.
  writeFileSync(
    inside('repeat.mjs'),
    `export const segments = ['repeat'];
    export const sequence = () => ({ tokens: [1, 2, 1, 2], segments: { repeat: [0, 3] } });`,
  );
  await train('repeat', inside('repeat.mjs'));
  const { stdout } = await succeed('dynamics', inside('repeat'), '--checkpoints', '2', '--sequences', '2', '--json');
  const { phase } = JSON.parse(stdout) as { phase: { events: { what: string; step: number | null }[] } };
  expect(phase.events.find(({ what }) => what === 'loss')).toMatchObject({ step: null });
});
