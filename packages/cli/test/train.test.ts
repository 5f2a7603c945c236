// Training runs: the same bits however they are carried out, and nothing lost when they are interrupted.
import {
  appendFileSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { decodeCheckpoint } from '@induction-lab/core/node';
import { beforeAll, describe, expect, test } from 'vitest';
import { toCommandError } from '../src/errors.ts';
import { RunFolder } from '../src/runs/runFolder.ts';
import { trainCommand } from '../src/work/trainCommand.ts';
import { type Ended, expectRefusal, run as runApart, signalAtStep, start } from './support/command.ts';
import { experimentJson, writeExperiment } from './support/experiment.ts';
import {
  checkpointFile,
  countTo,
  filesIn,
  fingerprint,
  loadAllCheckpoints,
  metrics,
  readJson,
  stepsOf,
  temporaryFolder,
  weightsHash,
} from './support/folders.ts';
import { run, succeed } from './support/inProcess.ts';
import { trainUntil } from './support/runs.ts';

const STEPS = 60;
const folder = temporaryFolder();
/** Half as large as usual: what is proved here does not depend on the size. */
const SMALL = {
  model: { dModel: 11, dHead: 5, nCtx: 16, dVocab: 13 },
  task: { kind: 'varied', periods: [3, 7] },
} as const;
const config = writeExperiment(folder, { ...SMALL, training: { steps: STEPS } });

/** Scores are logged often, which leaves time for a signal to arrive. */
const trainArgs = (out: string, ...more: string[]): string[] => [
  ...['train', '--config', config, '--seed', '5', '--out', join(folder, out), '--scores-every', '4', ...more],
];

for (const build of [[], ['--exact']]) {
  const named = (name: string): string => join(folder, runName(name));
  const runName = (name: string): string => `${name}${build.join('')}`;

  describe(`training with the ${build.length ? 'exact' : 'fastest'} build`, () => {
    let finalHash = '';
    beforeAll(async () => {
      await succeed(...trainArgs(runName('whole'), '--threads', '1', '--quiet', ...build));
      finalHash = weightsHash(checkpointFile(named('whole'), STEPS));
    });

    test.skipIf(build.length > 0)('changes the weights, and another seed gives others', async () => {
      expect(weightsHash(checkpointFile(named('whole'), 0))).not.toBe(finalHash);
      const other = ['train', '--config', config, '--seed', '6', '--out', named('other'), '--scores-every', '0'];
      await succeed(...other, '--quiet', ...build);
      expect(weightsHash(checkpointFile(named('other'), STEPS))).not.toBe(finalHash);
    });

    test.for(build.length ? ['3'] : ['2'])('gives the same bits on %s threads as on one', async (threads) => {
      await succeed(...trainArgs(runName(`threads-${threads}`), '--threads', threads, '--quiet', ...build));
      expect(weightsHash(checkpointFile(named(`threads-${threads}`), STEPS))).toBe(finalHash);
      expect(metrics(named(`threads-${threads}`))).toEqual(metrics(named('whole')));
    });

    test('interrupted at step 37 says how to go on, and resumed ends with the same bits', async () => {
      const out = named('interrupted');
      if (build.length > 0) {
        // The signal is the same with either build; here it is given in this process.
        await trainUntil(37, out, readJson(config), { seed: 5, scoresEvery: 4 });
      } else {
        const stopped = await signalAtStep(37, 'SIGINT', trainArgs(runName('interrupted'), '--threads', '2'));
        expect(stopped.code, stopped.stderr).toBe(130);
        expect(stopped.stderr).toContain(`Go on with: npx induction-lab train --resume ${out}`);
      }
      const info = readJson(out, 'run.json');
      expect(info.status).toBe('stopped');
      expect(info.step).toBeGreaterThanOrEqual(37);
      expect(stepsOf(out)).toEqual(countTo(info.step as number));
      await succeed('train', '--resume', out, '--threads', '3', '--quiet');
      expect(weightsHash(checkpointFile(out, STEPS))).toBe(finalHash);
      expect(metrics(out)).toEqual(metrics(named('whole')));
      expect(readJson(out, 'run.json')).toMatchObject({ status: 'done', step: STEPS, seed: 5 });
    });

    test.skipIf(build.length > 0)(
      'killed twice, once when it had been resumed, loses no record and no bit',
      async () => {
        const out = named('killed');
        let args = trainArgs(runName('killed'), '--threads', '2', ...build);
        for (const step of [3, 40]) {
          const killed = await signalAtStep(step, 'SIGKILL', args);
          expect(killed.signalled).toBe(true);
          expect(killed.code).toBe(null);
          expect(loadAllCheckpoints(out)).not.toEqual([]);
          expect(readJson(out, 'run.json').status).toBe('running');
          args = ['train', '--resume', out];
        }
        appendFileSync(join(out, 'metrics.jsonl'), '{"step":999,"lo'); // a line that the kill cut short
        writeFileSync(`${checkpointFile(out, 54)}.4711.tmp`, 'half a checkpoint');
        await succeed(...args, '--quiet');
        expect(weightsHash(checkpointFile(out, STEPS))).toBe(finalHash);
        expect(metrics(out)).toEqual(metrics(named('whole')));
        expect(filesIn(out)).toEqual(filesIn(named('whole')));
      },
    );
  });
}

test('a finished run that is resumed ends at once with everything as it was', async () => {
  const out = join(folder, 'whole');
  const before = fingerprint(out);
  await succeed('train', '--resume', out);
  const { 'run.json': _, ...after } = fingerprint(out); // times change
  expect(before).toMatchObject(after);
  expect(readJson(out, 'run.json')).toMatchObject({ status: 'done', step: STEPS });
});

test('SIGTERM stops and saves as Ctrl-C does', async () => {
  const stopped = await signalAtStep(10, 'SIGTERM', trainArgs('terminated'));
  expect(stopped.code, stopped.stderr).toBe(130);
  expect(readJson(folder, 'terminated', 'run.json').status).toBe('stopped');
});

test('so does a terminal that is closed, also where it says so twice and ends the process after that', async () => {
  const long = writeExperiment(folder, { training: { steps: 100_000 } });
  const { child, ended } = start(['train', '--config', long, '--out', join(folder, 'hung-up'), '--json']);
  child.stdout!.once('data', () => {
    for (const signal of ['SIGHUP', 'SIGHUP', 'SIGTERM'] as const) child.kill(signal);
  });
  const stopped = await ended;
  expect(stopped.code, stopped.stderr).toBe(130);
  expect(readJson(folder, 'hung-up', 'run.json').status).toBe('stopped');
});

test('of two that resume a run at once, one does and the other says who does; every record is there once', async () => {
  const out = join(folder, 'two');
  await trainUntil(5, out, experimentJson({ training: { steps: 300 } }));
  const resumed = await Promise.all([
    runApart('train', '--resume', out, '--quiet'),
    runApart('train', '--resume', out, '--quiet'),
  ]);
  const [done, refused] = resumed.sort((a, b) => (a.code as number) - (b.code as number)) as [Ended, Ended];
  expect(done.code, done.stderr).toBe(0);
  expectRefusal(refused, /Process \d+ on .*, there since .*, is writing in .*two; wait until it has ended/);
  expect(stepsOf(out)).toEqual(countTo(300));
  expect(existsSync(join(out, 'run.lock'))).toBe(false);
});

test('killed in its first 300 milliseconds, a run is begun anew or resumed, as its folder says', async () => {
  for (const moment of [0, 1, 2]) {
    const out = join(folder, `early-${moment}`);
    const { child, ended } = start(['train', '--config', config, '--out', out, '--quiet']);
    // Starting the program takes as long as it takes; the first moments are those after it has made the folder.
    while (!existsSync(out)) await new Promise((resolve) => setTimeout(resolve, 1));
    await new Promise((resolve) => setTimeout(resolve, 300 * Math.random() * (moment / 2)));
    child.kill('SIGKILL');
    await ended;
    const resumed = await run('train', '--resume', out, '--quiet');
    if (resumed.code !== 0) {
      expectRefusal(resumed, /holds no run \(no run\.json\): nothing had been written there yet; begin it with train/);
      await succeed('train', '--config', config, '--out', out, '--quiet');
    }
    expect(stepsOf(out)).toEqual(countTo(STEPS));
    expect(filesIn(out).filter((name) => /lock|tmp/.test(name))).toEqual([]);
  }
});

test('escape sequences in names never reach the terminal', async () => {
  const name = '\u001b]0;PWNED\u0007\u001b[2J\u001b[31mevil';
  const evil = writeExperiment(folder, { top: { name }, training: { steps: 3, warmupSteps: 0 } });
  const out = join(folder, 'evil\u001b[2J');
  for (const args of [
    ['--config', evil, '--out', out],
    ['--resume', out],
    ['--config', evil, '--out', out],
  ]) {
    const { stdout, stderr } = await run('train', ...args);
    expect(stdout + stderr).not.toMatch(/\p{Cc}(?<!\n)/u);
    expect(stdout + stderr).toContain('evil');
  }
});

test('run.json tells what ran, where and how long', () => {
  const info = readJson(folder, 'threads-2', 'run.json');
  expect(info).toMatchObject({
    schemaVersion: 1,
    name: 'small',
    seed: 5,
    threads: 2,
    experiment: { model: { nLayers: 2, dHead: 5 }, training: { steps: STEPS, batch: 7 } },
    versions: { node: process.versions.node },
  });
  expect(info.backend).toMatch(/^(relaxed|simd)$/);
  expect(readJson(folder, 'whole--exact', 'run.json').backend).toBe('simd');
  expect(Date.parse(info.finishedAt as string)).toBeGreaterThan(Date.parse(info.startedAt as string));
  expect(info.seconds).toBeGreaterThan(0);
});

test.for<[string, object]>([
  ['--seed', { seed: 5 }],
  ['--steps', { steps: 300 }],
  ['--preset', { preset: 'varied' }],
  ['--config', { config }],
  ['--out', { out: 'elsewhere' }],
  ['--clamp', { clamp: [{ kind: 'freeze', layer: 0, head: 0, fromStep: 1 }] }],
])('--resume together with %s is refused, and the run stays as it is', async ([option, given]) => {
  const before = fingerprint(join(folder, 'whole'));
  const refused = trainCommand({ resume: join(folder, 'whole'), clamp: [], ...given });
  await expect(refused).rejects.toThrow(new RegExp(`--resume .* leave out ${option}`));
  await expect(refused).rejects.toMatchObject({ exitCode: 2 });
  expect(fingerprint(join(folder, 'whole'))).toEqual(before);
});

test('a run of the fastest build cannot be resumed as an exact one', async () => {
  if (readJson(folder, 'whole', 'run.json').backend === 'simd') return; // this Node has only the exact build
  const refused = trainCommand({ resume: join(folder, 'whole'), clamp: [], exact: true });
  await expect(refused).rejects.toThrow(/resume it without --exact/);
});

test('--steps sets the length, --per-position logs every position, --csv writes a table', async () => {
  const out = join(folder, 'options');
  await succeed('train', '--config', config, '--steps', '23', '--out', out, '--per-position', '--csv', '--quiet');
  expect(stepsOf(out)).toEqual(countTo(23));
  for (const record of metrics(out)) expect(record).toMatchObject({ perPosition: expect.any(Array) });
  expect((metrics(out)[0] as unknown as { perPosition: number[] }).perPosition).toHaveLength(15);
  const rows = readFileSync(join(out, 'metrics.csv'), 'utf8').trimEnd().split('\n');
  expect(rows[0]).toBe('step,loss,lossFirst,lossBoundary,lossRepeat,learningRate,gradientNorm,tokensPerSecond');
  expect(rows.slice(1).map((row) => Number(row.split(',')[0]))).toEqual(countTo(23));
});

test('--mlp trains MLPs behind the attention, also where the run is resumed, and not of any width', async () => {
  const out = join(folder, 'mlp');
  const config = writeExperiment(folder, { ...SMALL, training: { steps: 4, warmupSteps: 0 } });
  await succeed('train', '--config', config, '--mlp', '6', '--out', out, '--quiet');
  const { experiment } = new RunFolder(out).readInfo();
  expect(experiment.model).toMatchObject({ dMlp: 6, actFn: 'gelu' });
  expect(experiment.training.decayed).toContain('*.mlp.*');
  const file = new RunFolder(out).checkpointPath(4);
  expect(decodeCheckpoint(readFileSync(file), file).weights['blocks.1.mlp.W_in']!.shape).toEqual([11, 6]);
  expectRefusal(await run('train', '--resume', out, '--mlp', '6'), /continues a run as it was begun; leave out --mlp/);
  expectRefusal(await run('train', '--config', config, '--mlp', '0'), /--mlp <n>.* whole number, 1 or more/);
  expectRefusal(
    await run('train', '--config', config, '--mlp', '999999999', '--out', join(folder, 'huge')),
    /model\.dMlp \(999999999\) is too large beside the other sizes: .*; make the model smaller/,
  );
  expect(existsSync(join(folder, 'huge'))).toBe(false);
});

describe('a loss that stops being a number', () => {
  const noLayerNorm = { model: { normalization: null }, training: { learningRate: 1e30 } };

  test('ends the run with its step and seed, and every checkpoint can still be audited', async () => {
    const out = join(folder, 'diverged');
    const ended = await run('train', '--config', writeExperiment(folder, noLayerNorm), '--seed', '8', '--out', out);
    expect(ended.code).toBe(1);
    expect(ended.stderr).toMatch(
      /error: The loss is not a finite number at step \d+ with seed 8; lower the learning rate/,
    );
    expect(readJson(out, 'run.json')).toMatchObject({ status: 'failed', seed: 8 });
    expect(loadAllCheckpoints(out)).toContain('step-000000.safetensors');
    await succeed('audit', checkpointFile(out, 0), '--sequences', '8');
  });

  test('leaves no checkpoint of weights that are infinite', async () => {
    const out = join(folder, 'exploded');
    const json = writeExperiment(folder, { training: { learningRate: 1e300, warmupSteps: 0, steps: 1 } });
    const ended = await run('train', '--config', json, '--seed', '8', '--out', out, '--quiet');
    expectRefusal(ended, /weights are not finite numbers after step 1 with seed 8; lower the learning rate/, 1);
    expect(readJson(out, 'run.json').status).toBe('failed');
    expect(loadAllCheckpoints(out)).toEqual(['step-000000.safetensors']);
  });
});

describe('a run folder that cannot be resumed is refused with what is wrong in it', () => {
  const broken = (name: string, damage: (path: string) => void): string => {
    const out = join(folder, name);
    cpSync(join(folder, 'whole'), out, { recursive: true });
    damage(out);
    return out;
  };

  const refusal = async (resume: string): Promise<string> => {
    const error = await trainCommand({ resume, clamp: [] }).catch((e: unknown) => toCommandError(e));
    expect(error).toMatchObject({ exitCode: 2 });
    return (error as Error).message;
  };

  test('no run.json', async () => {
    expectRefusal(await run('train', '--resume', folder), /holds no run \(no run\.json\)/);
    expect(await refusal(join(folder, 'nowhere'))).toMatch(/nowhere holds no run/);
  });

  test('no saved state, or half of one', async () => {
    const out = broken('stateless', (path) => rmSync(join(path, 'resume.safetensors')));
    expect(await refusal(out)).toMatch(/holds no saved state .* start the run anew/);
    writeFileSync(join(out, 'resume.safetensors'), 'half');
    expect(await refusal(out)).toMatch(/resume\.safetensors/);
  });

  test('the saved state of another run', async () => {
    const out = broken('mixed', (path) => {
      copyFileSync(join(folder, 'other', 'resume.safetensors'), join(path, 'resume.safetensors'));
    });
    const before = fingerprint(out);
    expect(await refusal(out)).toMatch(/resume\.safetensors belongs to another run than run\.json/);
    expect(fingerprint(out)).toEqual(before);
  });

  test('a record of another version, of none, or cut short', () => {
    const out = join(folder, 'run-json');
    mkdirSync(out);
    for (const [text, sentence] of [
      ['null', /run\.json must be the record of a run, an object, got null/],
      ['{"schemaVersion":99}', /schemaVersion 99, this version reads 1/],
      ['{"schemaVersion":1}', /run\.json: the config is missing/],
      ['{"schemaVersion":', /run\.json is not JSON/],
    ] as const) {
      writeFileSync(join(out, 'run.json'), text);
      expect(() => new RunFolder(out).readInfo()).toThrow(sentence);
    }
  });
});
