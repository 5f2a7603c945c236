// Commands that measure for long: what they show meanwhile, how they stop, and what they keep.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { MeasuringProgress } from '../src/terminal/measuringProgress.ts';
import { showingSteps } from '../src/terminal/showingSteps.ts';
import { type Ended, expectRefusal, type Running, start } from './support/command.ts';
import { experimentJson, runJson } from './support/experiment.ts';
import { checkpointFile, filesIn, fingerprint, readTensors, temporaryFolder, writeJson } from './support/folders.ts';
import { run, succeed } from './support/inProcess.ts';
import { writeInduction, writeRandomModel } from './support/models.ts';

const folder = temporaryFolder();
const induction = writeInduction(join(folder, 'induction.safetensors'));
const large = writeRandomModel(join(folder, 'large.safetensors'), { nLayers: 12, nHeads: 12 });

/** Waits for a text on stderr, then signals; returns how the command ended, and milliseconds from the signal to the end. */
async function signalAfter(
  { child, ended }: Running,
  text: RegExp,
  signal: NodeJS.Signals,
): Promise<{ ended: Ended; took: number }> {
  let heard = '';
  await new Promise<void>((resolve) => {
    child.stderr!.on('data', (chunk) => {
      heard += chunk;
      if (text.test(heard)) resolve();
    });
    child.on('close', () => resolve());
  });
  const at = performance.now();
  child.kill(signal);
  return { ended: await ended, took: performance.now() - at };
}

/** Seconds on a free machine; this one may be busy. */
const AT_ONCE = 3000;

describe('a signal stops at once, in the middle of a model run', () => {
  test('Ctrl-C while measuring: one sentence, nothing on stdout, no folder left behind', async () => {
    const figures = join(folder, 'none', 'figures');
    const running = start(['prove', large, '--sequences', '4096', '--figures', figures]);
    const { ended, took } = await signalAfter(running, /prove: measuring/, 'SIGINT');
    expect(ended).toMatchObject({ code: 130, stdout: '' });
    expect(ended.stderr).toMatch(/\nerror: Stopped before anything was measured\.\n$/);
    expect(took).toBeLessThan(AT_ONCE);
    expect(existsSync(join(folder, 'none'))).toBe(false);
  });

  test('a closed terminal stops dynamics, which prints the checkpoints that it has measured', async () => {
    const COUNT = 300;
    const runFolder = join(folder, 'run');
    mkdirSync(join(runFolder, 'checkpoints'), { recursive: true });
    const model = { nHeads: 3, dModel: 16, dHead: 4, nCtx: 24, dVocab: 20, positions: 'shortformer' };
    const experiment = experimentJson({ model, task: { kind: 'varied', periods: [3, 8] } });
    writeJson(join(runFolder, 'run.json'), runJson(experiment, 'evil\u001b[2J'));
    // So many small ones that some are measured before the first line about them, a second in, and most are not yet.
    const one = readFileSync(writeRandomModel(join(folder, 'one.safetensors'), { nLayers: 2, nHeads: 3 }));
    for (let step = 0; step < COUNT; step++) writeFileSync(checkpointFile(runFolder, step), one);
    const before = fingerprint(runFolder);
    const running = start(['dynamics', runFolder, '--checkpoints', String(COUNT), '--sequences', '2', '--json']);
    const { ended, took } = await signalAfter(running, /dynamics: measuring, [1-9]\d? %/, 'SIGHUP');
    expect(ended.code, ended.stderr).toBe(130);
    expect(took).toBeLessThan(AT_ONCE);
    const record = JSON.parse(ended.stdout);
    expect(record.points.length).toBeGreaterThanOrEqual(1);
    expect(record.stopped).toEqual({ measured: record.points.length, of: COUNT });
    expect(record.checkpoints).toHaveLength(record.points.length);
    expect(ended.stderr).toContain(
      `error: Stopped after ${record.points.length} of ${COUNT} checkpoints; what was measured of those is printed.\n`,
    );
    expect(ended.stdout + ended.stderr).not.toMatch(/\p{Cc}(?<!\n)/u);
    expect(fingerprint(runFolder)).toEqual(before);
  });
});

describe('progress', () => {
  /** A stream that keeps what is written, as a terminal does or as a file. */
  const streamOf = (isTTY: boolean) => {
    const written: string[] = [];
    const stream = { isTTY, columns: 60, write: (text: string) => written.push(text) > 0 };
    return { stream: stream as unknown as NodeJS.WriteStream, written };
  };
  const watch = (isTTY: boolean, quiet = false) => {
    let time = 0;
    const { stream, written } = streamOf(isTTY);
    const progress = new MeasuringProgress({ name: 'audit', quiet, stream, now: () => time });
    const at = (seconds: number, done: number, total: number): string[] => {
      time = 1000 * seconds;
      progress.note('measuring', done, total);
      progress.show();
      return written.splice(0);
    };
    return { at, progress, written };
  };

  test('says nothing for a second, then how far it is and how long it takes, a plain line now and then', () => {
    const { at } = watch(false);
    expect(at(0, 0, 0)).toEqual([]);
    expect(at(0.9, 9, 100)).toEqual([]);
    expect(at(1, 10, 100)).toEqual(['audit: measuring, 10 %, 9 s left\n']);
    expect(at(5, 50, 100)).toEqual([]);
    expect(at(11, 55, 100)).toEqual(['audit: measuring, 55 %, 9 s left\n']);
  });

  test('what ends in a moment, and files that are read, need no plain line', () => {
    const { at, progress, written } = watch(false);
    progress.note('loading', 0, 0);
    at(4, 0, 0);
    progress.show();
    expect(written).toEqual([]);
    expect(at(5.5, 80, 100)).toEqual([]);
  });

  test('announces what will take over a minute, once and first', () => {
    const { at } = watch(false);
    at(0, 0, 1000);
    expect(at(2, 10, 1000)).toEqual([
      'audit: this will take about 3 min 18 s; Ctrl-C stops it.\n',
      'audit: measuring, 1 %, 3 min 18 s left\n',
    ]);
    expect(at(13, 20, 1000).join('')).not.toContain('will take');
  });

  test('never says 100 % before it is done, and nothing of the time left before it can know', () => {
    const { at } = watch(false);
    at(0, 0, 0);
    expect(at(3, 0, 0)).toEqual(['audit: measuring, 3 s so far\n']);
    const live = watch(true);
    live.at(0, 0, 1000);
    expect(live.at(12, 1000, 1000)).toContain('audit: measuring, 99 %, 0 s left');
  });

  test('foretells nothing from the first moments of long work', () => {
    const { at } = watch(false);
    at(0, 0, 100_000);
    expect(at(3, 90, 100_000)).toEqual(['audit: measuring, 3 s so far\n']);
    expect(at(13, 60_000, 100_000)).toEqual(['audit: measuring, 60 %, 9 s left\n']);
  });

  test('is shown from within the loop of many small steps, and gone however that ends', async () => {
    let time = 0;
    const { stream, written } = streamOf(true);
    const options = { name: 'collect', quiet: false, stream, now: () => time };
    const work = (onStep: (done: number, of: number) => void): never => {
      for (time = 0; time < 5000; time += 5) onStep(time / 10, 1000);
      throw new Error('unreadable');
    };
    await expect(showingSteps('reading results', options, work)).rejects.toThrow('unreadable');
    expect(written.join('')).toContain('collect: reading results, 20 %, 8 s left');
    expect(written.at(-1)).not.toContain('collect');
  });

  test('on a terminal is one live line, cut to its width, and gone in the end', () => {
    const { at, progress, written } = watch(true);
    at(0, 0, 100);
    const shown = at(1.5, 10, 100);
    expect(shown[1]).toBe('audit: measuring, 10 %, 14 s left');
    expect(shown.join('')).not.toContain('\n');
    expect(at(1.6, 11, 100).join('')).toContain('audit: measuring, 11 %');
    progress.end();
    expect(written.join('')).toBe('\u001b[1G\u001b[2K');
  });

  test('--quiet shows none', () => {
    const { at } = watch(true, true);
    expect([...at(0, 0, 100), ...at(5, 10, 100), ...at(100, 20, 100)]).toEqual([]);
  });
});

describe('outputs are checked before work begins', () => {
  const filled = join(folder, 'filled');
  mkdirSync(filled);
  writeFileSync(join(filled, 'thesis.txt'), 'years of work');
  const tokens = writeJson(join(folder, 'tokens.json'), [
    [1, 2, 3],
    [4, 5, 6],
  ]);
  const cache = (out: string, ...more: string[]) => run('cache', induction, '--tokens', tokens, '--out', out, ...more);

  test.for(['audit', 'ablate', 'patch', 'compose', 'prove'])(
    '%s --figures, also where the checkpoint is none',
    async (command) => {
      for (const [path, sentence] of [
        [filled, /filled is not empty; choose another --figures\.$/],
        [join(filled, 'thesis.txt'), /is no folder; choose another --figures\.$/],
        [join(filled, 'thesis.txt', 'below'), /is a file or lies inside one/],
      ] as const)
        expectRefusal(await run(command, join(folder, 'no-such.safetensors'), '--figures', path), sentence);
      expect(filesIn(filled)).toEqual(['thesis.txt']);
    },
  );

  test('a folder for figures that nothing came of is taken away, one that was there stays', async () => {
    const mine = join(folder, 'mine');
    mkdirSync(mine);
    expectRefusal(await run('audit', join(folder, 'no.safetensors'), '--figures', mine), /There is no checkpoint/);
    expectRefusal(
      await run('audit', join(folder, 'no.safetensors'), '--figures', join(folder, 'a', 'b')),
      /no checkpoint/,
    );
    expect(readdirSync(mine)).toEqual([]);
    expect(existsSync(join(folder, 'a'))).toBe(false);
  });

  test('cache writes over a file only with --force, and never over what it reads', async () => {
    const out = join(folder, 'deep', 'cache.safetensors');
    expect((await cache(out)).code).toBe(0);
    const first = readFileSync(out);
    writeFileSync(out, 'mine');
    expectRefusal(
      await cache(out),
      /exists; choose another --out or delete it first, or add --force to write over it\.$/,
    );
    expect(readFileSync(out, 'utf8')).toBe('mine');
    expect((await cache(out, '--force')).code).toBe(0);
    expect(readFileSync(out)).toEqual(first);
    for (const input of [induction, tokens, join(folder, '.', 'tokens.json')]) {
      const before = readFileSync(input);
      expectRefusal(await cache(input, '--force'), /is the file that is read; choose another --out/);
      expect(readFileSync(input)).toEqual(before);
    }
    expectRefusal(await cache(filled, '--force'), /exists; choose another --out or delete it first: it is a folder/);
    expectRefusal(await cache(join(filled, 'thesis.txt', 'x')), /is a file or lies inside one/);
  });
});

test.for<[string, RegExp]>([
  ['[]', /at least one sequence/],
  ['[[]]', /needs at least one token/],
  ['[1, 2, 3]', /such as \[\[1, 2, 3\], \[4, 5, 6\]\]; entry 0 is no array/],
  ['{"tokens": [[1]]}', /must be an array of equally long arrays/],
  ['null', /must be an array/],
  ['[[1, 2], [3]]', /sequence 1 has 1 tokens, sequence 0 has 2; use equal lengths/],
  ['[[1, "2"]]', /token "2" at position 1; tokens are whole numbers from 0 to 30/],
  ['[[1, 31]]', /token 31 at position 1/],
  ['[[-1, 1]]', /token -1 at position 0/],
  ['[[1.5, 1]]', /token 1\.5 at position 0/],
  [`[[${'1,'.repeat(40)}1]]`, /41 tokens.*26/],
])('cache refuses the tokens %s and writes nothing', async ([text, sentence]) => {
  const tokens = join(folder, 'wrong.json');
  writeFileSync(tokens, text);
  const out = join(folder, 'wrong.safetensors');
  expectRefusal(await run('cache', induction, '--tokens', tokens, '--out', out), sentence);
  expect(existsSync(out)).toBe(false);
});

test('cache runs many sequences in slices, with the bits of one run', async () => {
  const rows = (count: number, from = 0) =>
    Array.from({ length: count }, (_, s) => Array.from({ length: 26 }, (__, t) => (7 * (s + from) + 3 * t) % 31));
  const cached = async (name: string, tokens: number[][]) => {
    const file = writeJson(join(folder, `${name}.json`), tokens);
    const out = join(folder, `${name}.safetensors`);
    await succeed('cache', induction, '--tokens', file, '--out', out, '--names', 'blocks.1.attn.hook_z', '--gradients');
    return readTensors(out);
  };
  const [all, last] = [await cached('all', rows(2000)), await cached('last', rows(20, 1980))];
  expect(all.logits!.shape).toEqual([2000, 26, 31]);
  for (const name of ['logits', 'loss_per_position', 'blocks.1.attn.hook_z'])
    expect(all[name]!.data.slice(-last[name]!.data.length)).toEqual(last[name]!.data);
});
