// What a newcomer types first: help, misspellings, configs that cannot work, places that are taken.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  expectNoStackTrace,
  expectRefusal,
  run as runApart,
  start,
  succeed as succeedApart,
} from './support/command.ts';
import { type Changes, experimentJson, writeExperiment } from './support/experiment.ts';
import { fingerprint, temporaryFolder, writeJson } from './support/folders.ts';
import { run, succeed } from './support/inProcess.ts';
import { withMount } from './support/mount.ts';

const folder = temporaryFolder();
const config = writeExperiment(folder, { training: { steps: 11 } });
const free = (): string => join(folder, `free-${Math.floor(performance.now() * 1000)}`);

describe('help', () => {
  test.for(['run', 'train', 'audit', 'ablate', 'compose', 'cache'])(
    'of %s shows its options and examples that begin with it',
    async (name) => {
      const { stdout, stderr } = await succeed(name, '--help');
      expect(stderr).toBe('');
      expect(stdout).toMatch(new RegExp(`^Usage: induction-lab ${name} `));
      const examples = stdout.slice(stdout.indexOf('\nExamples:\n')).split('\n').slice(2).filter(Boolean);
      expect(examples.length).toBeGreaterThanOrEqual(2);
      for (const example of examples) {
        expect(example).toMatch(new RegExp(`^ {2}\\$ npx induction-lab ${name}\\b`));
        for (const option of example.match(/--[a-z-]+/g) ?? []) expect(stdout.indexOf(`${option} `)).toBeGreaterThan(0);
      }
    },
  );

  test('without a command lists the commands', async () => {
    const { stdout } = await succeed('--help');
    for (const name of ['run', 'train', 'audit', 'ablate', 'compose', 'cache'])
      expect(stdout).toMatch(new RegExp(`^ {2}${name} `, 'm'));
    expect((await succeed('--version')).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    expect(await runApart()).toMatchObject({ code: 2, stderr: stdout });
  });
});

describe('usage that cannot be understood is refused in one sentence', () => {
  test.for<[string, string[], RegExp]>([
    ['an unknown command', ['fly'], /unknown command 'fly'/],
    ['an unknown option', ['train', '--preset', 'varied', '--sed', '3'], /unknown option '--sed'/],
    [
      'an unknown preset',
      ['train', '--preset', 'nope'],
      /'nope' is invalid.*literal, literal-1-layer, varied, picture, hub, two-heads/,
    ],
    ['neither preset nor config', ['train'], /needs --preset NAME or --config FILE, or --resume DIR/],
    ['preset and config', ['train', '--preset', 'varied', '--config', config], /leave one of them out/],
    [
      'a seed in words',
      ['train', '--preset', 'varied', '--seed', 'three'],
      /--seed.*'three' is invalid.*whole number, 0 or more/,
    ],
    ['an empty seed', ['run', '--seed', ''], /--seed.*'' is invalid/],
    ['a negative seed', ['run', '--seed=-1'], /--seed.*'-1' is invalid/],
    ['a fractional seed', ['run', '--seed', '1.5'], /--seed.*'1.5' is invalid/],
    ['a seed beyond exact integers', ['run', '--seed', '9007199254740993'], /--seed.*is invalid/],
    ['no threads', ['run', '--threads', '0'], /--threads.*1 or more/],
    ['no steps', ['train', '--preset', 'varied', '--steps', '0'], /--steps.*1 or more/],
    ['an option without its value', ['train', '--preset'], /'--preset <name>' argument missing/],
    ['audit of nothing', ['audit'], /missing required argument 'checkpoint'/],
    ['audit of two files', ['audit', 'a', 'b'], /too many arguments/],
    ['more sequences than fit', ['audit', 'a', '--sequences', '1000000000'], /8 or more and at most 4096/],
    ['cache without tokens', ['cache', 'a', '--out', 'b'], /required option '--tokens <file>' not specified/],
    ['cache without a place', ['cache', 'a', '--tokens', 'b'], /required option '--out <file>' not specified/],
  ])('%s', async ([, args, sentence]) => expectRefusal(await run(...args), sentence));
});

describe('a config that cannot be run is refused with its file, its field and what came', () => {
  const changed = (changes: Changes): unknown => experimentJson(changes);
  test.for<[string, unknown, RegExp]>([
    ['an unknown field', changed({ model: { nHead: 2 } }), /model has an unknown field "nHead"/],
    ['an unknown part', changed({ top: { optimizer: {} } }), /unknown field "optimizer"/],
    ['a missing field', changed({ training: { batch: undefined } }), /training\.batch is missing/],
    ['words for a number', changed({ model: { nLayers: 'two' } }), /model\.nLayers must be a number, got "two"/],
    ['a fraction of a layer', changed({ model: { nLayers: 1.5 } }), /model\.nLayers must be a whole number, got 1\.5/],
    ['no heads', changed({ model: { nHeads: 0 } }), /model\.nHeads must be at least 1, got 0/],
    ['a negative rate', changed({ training: { learningRate: -1 } }), /training\.learningRate must be above 0, got -1/],
    [
      'positions of an unknown kind',
      changed({ model: { positions: 't5' } }),
      /model\.positions must be "standard" or .*"t5"/,
    ],
    [
      'a task of an unknown kind',
      changed({ task: { kind: 'sorted' } }),
      /task\.kind must be "repeated", "varied", "random", "scattered" or "data"/,
    ],
    [
      'a period longer than the context',
      changed({ task: { kind: 'repeated', period: 29 } }),
      /block of 29 tokens needs a context of at least 31.*model\.nCtx is 30/,
    ],
    [
      'more distinct tokens than there are',
      changed({ model: { dVocab: 9 }, task: { kind: 'repeated', period: 10, distinct: true } }),
      /task\.distinct needs 10 different tokens; model\.dVocab is 9/,
    ],
    [
      'periods from large to small',
      changed({ task: { kind: 'varied', periods: [12, 5] } }),
      /task\.periods runs from 12 down to 5/,
    ],
    [
      'all periods held out',
      changed({ task: { kind: 'varied', periods: [5, 6], heldOutPeriods: [5, 6] } }),
      /heldOutPeriods leaves no period/,
    ],
    [
      'a warm-up longer than the run',
      changed({ training: { warmupSteps: 200 } }),
      /warmupSteps \(200\) must be below training\.steps \(200\)/,
    ],
    [
      'rotary dimensions beyond the head',
      changed({ model: { positions: 'rotary', rotaryDim: 12 } }),
      /rotaryDim must be even, from 2 to dHead \(11\), got 12/,
    ],
    ['a list', [], /the config must be an? object/],
    ['null', null, /the config must be an? object/],
    ['a number', 7, /the config must be an? object/],
  ])('%s', async ([, json, sentence]) => {
    const path = writeJson(join(folder, 'bad.json'), json);
    const out = free();
    const ended = await run('train', '--config', path, '--out', out);
    expectRefusal(ended, sentence);
    expect(ended.stderr).toContain(path);
    expect(() => fingerprint(out)).toThrow('ENOENT');
  });

  test('text that is not JSON is refused in one line, whatever lines it holds', async () => {
    for (const text of ['', '{', '{"name": 1,\n\n oops\n}', '\u001b[31m']) {
      writeFileSync(join(folder, 'text.json'), text);
      const ended = await run('train', '--config', join(folder, 'text.json'));
      expectRefusal(ended, /text\.json is not JSON.*; (correct it|write it again)\.$/);
      expect(ended.stderr).not.toContain('\u001b');
    }
  });

  test('a config that is not there, or is a folder', async () => {
    expectRefusal(await run('train', '--config', join(folder, 'none.json')), /There is no config at .*none\.json/);
    expectRefusal(await run('train', '--config', folder), /is a folder; name the config in it/);
  });

  test('a model that no memory holds', async () => {
    const path = writeExperiment(folder, { model: { dModel: 4096, dVocab: 65536 } });
    const ended = await run('train', '--config', path, '--out', free(), '--quiet');
    expectRefusal(ended, /Too large: [\d.]+ GiB are needed.*; make the model, its context or the batch smaller/);
  });

  test('--steps that the warm-up does not fit into', async () => {
    expectRefusal(
      await run('train', '--config', config, '--steps', '5', '--out', free()),
      /warmupSteps \(10\) must be below/,
    );
  });
});

describe('a place that is taken is refused, and what stands there stays as it was', () => {
  const taken = join(folder, 'taken');
  for (const name of ['run', 'filled', 'empty']) mkdirSync(join(taken, name), { recursive: true });
  writeFileSync(join(taken, 'run', 'run.json'), '{}');
  writeFileSync(join(taken, 'filled', 'thesis.txt'), 'years of work');
  writeFileSync(join(taken, 'file'), 'years of work');

  for (const command of [['train', '--config', config], ['run']])
    test.for<[string, RegExp]>([
      ['run', /already holds another run; choose another --out, or continue that run with train --resume/],
      ['filled', /is not empty; choose another --out\.$/],
      ['file', /exists and is no folder; choose another --out\.$/],
      ['file/below', /is a file or lies inside one/],
    ])(`${command[0]} --out %s`, async ([name, sentence]) => {
      const before = fingerprint(taken);
      expectRefusal(await run(...command, '--out', join(taken, name)), sentence);
      expect(fingerprint(taken)).toEqual(before);
    });

  test('an empty folder is as good as none', async () => {
    await succeedApart('train', '--config', config, '--out', join(taken, 'empty'), '--quiet');
  });

  test('without --out each run gets a folder of its own, also with a name that looks like a path', async () => {
    const named = writeExperiment(folder, { training: { steps: 11 }, top: { name: '../../evil name' } });
    const cwd = join(folder, 'work');
    mkdirSync(cwd);
    const both = [0, 1].map(() => start(['train', '--config', named, '--json'], { cwd }).ended);
    const folders = (await Promise.all(both)).map((ended) => {
      expectNoStackTrace(ended);
      expect(ended.code).toBe(0);
      return JSON.parse(ended.stdout.trimEnd().split('\n').at(-1) as string).folder as string;
    });
    expect(new Set(folders).size).toBe(2);
    for (const name of folders) expect(name).toMatch(/^runs\/[\dT-]+-\.\.-\.\.-evil-name(-2)?$/);
    expect(readFileSync(join(cwd, folders[0] as string, 'run.json'), 'utf8')).toContain('"done"');
  });

  test('a place that cannot be written', async (context) => {
    await withMount(context, 'ro', async (readOnly) => {
      expectRefusal(
        await run('train', '--config', config, '--out', join(readOnly, 'x')),
        /The folder .* cannot be made .*choose another --out/,
      );
      expectRefusal(
        await run('run', '--out', join(readOnly, 'x')),
        /The folder .* cannot be made .*choose another --out/,
      );
    });
  });
});
