// What commands that measure print, all of them alike: where numbers come from, tables that fit, numbers that are none,
// names that hold control characters, options that change nothing.

import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import {
  decodeCheckpoint,
  type Estimate,
  encodeCheckpoint,
  NotFiniteError,
  type ProofRecord,
} from '@induction-lab/core/node';
import { beforeAll, describe, expect, test } from 'vitest';
import { toCommandError } from '../src/errors.ts';
import { proofFigures } from '../src/figures/circuitFigures.ts';
import { blameCheckpoint } from '../src/files/loadCheckpoint.ts';
import { escapeHtml, nats, signed } from '../src/report/html.ts';
import * as headings from '../src/terminal/headings.ts';
import { LOSS_ON_REPEATS } from '../src/terminal/measureWords.ts';
import {
  type Column,
  columnsOf,
  estimateCells,
  explainedTable,
  percent,
  percentInterval,
  percentRange,
  plainNumber,
  signedNumber,
  textTable,
} from '../src/terminal/textTable.ts';
import { programCommit, VERSION } from '../src/version.ts';
import { jsonText } from '../src/work/analysis.ts';
import { scoresCsv } from '../src/work/auditCommand.ts';
import { type Ended, expectRefusal, run as runApart } from './support/command.ts';
import { experimentJson, runJson } from './support/experiment.ts';
import { temporaryFolder, writeJson } from './support/folders.ts';
import { run, succeed } from './support/inProcess.ts';
import { writeInduction, writeRandomModel } from './support/models.ts';

const folder = temporaryFolder();
const model = writeInduction(join(folder, 'model.safetensors'), { dVocab: 17, nCtx: 20 });
const tokens = writeJson(join(folder, 'tokens.json'), [[1, 2, 3]]);
const HOSTILE = 'evil\u001b]0;PWNED\u0007\u001b[2J\u009b31m\u202e\r\nerror: x';

/** A run of two checkpoints under this name, with a model like those of writeRandomModel. */
function writeRun(path: string, name: string): string {
  mkdirSync(join(path, 'checkpoints'), { recursive: true });
  const sizes = { nLayers: 2, nHeads: 2, dModel: 16, dHead: 4, nCtx: 24, dVocab: 20 };
  const experiment = experimentJson({ model: sizes, task: { kind: 'varied', periods: [3, 8] }, top: { name } });
  writeJson(join(path, 'run.json'), runJson(experiment, name));
  for (const step of [0, 9])
    writeRandomModel(join(path, 'checkpoints', `step-00000${step}.safetensors`), { nLayers: 2, nHeads: 2 });
  return path;
}

const sha256 = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex');
const COMMANDS = ['audit', 'ablate', 'patch', 'compose', 'prove'] as const;
const few = (command: string): string[] => ['--sequences', command === 'audit' ? '8' : '6'];

/** Each command's text and JSON, run once. */
const said = new Map<string, { text: Ended; json: Record<string, unknown> }>();
const runFolder = writeRun(join(folder, 'run'), HOSTILE);
beforeAll(async () => {
  for (const command of [...COMMANDS, 'dynamics']) {
    const target = command === 'dynamics' ? runFolder : model;
    const text = await succeed(command, target, ...few(command));
    const { stdout } = await succeed(command, target, ...few(command), '--json');
    expect(stdout).not.toMatch(/\p{Cc}(?<!\n)/u);
    said.set(command, { text, json: JSON.parse(stdout) });
  }
}, 120_000);

describe('--json says where its numbers come from', () => {
  test.for(COMMANDS)('%s', (command) => {
    expect(said.get(command)!.json).toMatchObject({
      schemaVersion: 1,
      versions: { inductionLab: VERSION, node: process.versions.node },
      commit: programCommit(),
      backend: expect.stringMatching(/^(simd|relaxed)$/),
      checkpoint: { file: 'model.safetensors', sha256: sha256(model) },
    });
  });

  test('dynamics: the run, and every checkpoint that was measured', () => {
    const file = (step: number) => join(runFolder, 'checkpoints', `step-00000${step}.safetensors`);
    expect(said.get('dynamics')!.json).toMatchObject({
      schemaVersion: 1,
      versions: { inductionLab: VERSION },
      commit: programCommit(),
      backend: expect.any(String),
      name: HOSTILE,
      checkpoints: [0, 9].map((step) => ({ step, file: basename(file(step)), sha256: sha256(file(step)) })),
    });
  });

  test('the commit is that of this checkout', () => {
    expect(programCommit()).toMatch(/^[0-9a-f]{40}$/);
  });
});

describe('tables', () => {
  const { AUDIT, ABLATE, PATCH, WEIGHTS, pairColumns, CIRCUIT_HEADS, INPUTS_ABLATED, LOGITS, LAYER_SHARES, DYNAMICS } =
    headings;
  const TABLES: Record<string, (readonly Column[])[]> = {
    audit: [AUDIT],
    ablate: [ABLATE],
    patch: [PATCH],
    compose: [WEIGHTS, pairColumns(LOSS_ON_REPEATS, { integrated: false })],
    prove: [CIRCUIT_HEADS, INPUTS_ABLATED, headings.faithfulnessColumns(10), LOGITS, LAYER_SHARES],
    dynamics: [DYNAMICS],
  };

  test.for([...COMMANDS, 'dynamics'])('of %s fit 80 columns, and every heading has its meaning below', (command) => {
    const lines = said.get(command)!.text.stdout.split('\n');
    // Rows of a table have two spaces between cells; sentences may be as long as they are.
    const rows = lines.filter((line) => /\S {2,}\S/.test(line) && !/^\s*[A-Z][a-z]+.*\.$/.test(line));
    expect(rows.length).toBeGreaterThan(2);
    for (const row of rows) expect([...row].length, row).toBeLessThanOrEqual(80);
    const text = said.get(command)!.text.stdout.replace(/\s+/g, ' ');
    for (const [heading, meaning] of TABLES[command]!.flat()) {
      expect(text).toContain(heading);
      expect(text).toContain(meaning);
    }
  });

  test('every heading in headings.ts but a name of rows says what it means', () => {
    for (const columns of Object.values(headings).filter(Array.isArray) as (readonly Column[])[])
      for (const [heading, meaning] of columns.slice(1)) expect(meaning, heading).not.toBe('');
  });

  test('one that is too wide goes on below by whole columns, each part with the names of its rows', () => {
    const rows = [
      ['name', 'first', 'second', 'third'],
      ['a', '1', '22', '333'],
    ];
    expect(textTable(rows, { columns: 21 })).toEqual([
      'name  first  second',
      'a         1      22',
      '',
      'name  third',
      'a       333',
    ]);
    expect(textTable(rows, { columns: 80 })).toEqual(['name  first  second  third', 'a         1      22    333']);
    expect(textTable(rows, { columns: 1 }).filter((line) => line.startsWith('name'))).toHaveLength(3);
    expect(textTable(rows, { columns: 1, names: 2 })[0]).toBe('name  first  second');
    expect(textTable([['a', 'b', 'c', 'd', 'e']], { columns: 8, groups: 2 })).toEqual(['a  b  c', '', 'a  d  e']);
  });

  test('the legend names each meaning once, in lines that fit', () => {
    const table = explainedTable(
      [
        ['x', 'one'],
        ['y', 'two words'],
        ['z', 'one'],
      ],
      [['1', '2', '3']],
      { columns: 14 },
    );
    expect(table).toEqual(['x  y  z', '1  2  3', '', 'x, z: one; y:', 'two words.']);
  });

  test('are as wide as a terminal, but never below 80, and 80 elsewhere', () => {
    expect(columnsOf({ isTTY: true, columns: 132 })).toBe(132);
    expect(columnsOf({ isTTY: true, columns: 40 })).toBe(80);
    expect(columnsOf({ isTTY: true })).toBe(80);
    expect(columnsOf({ columns: 132 })).toBe(80);
  });

  test('compose has all earlier heads at once beside the pairs', () => {
    const { paths } = said.get('compose')!.json as {
      paths: { joint: { target: string; input: string; increase: Estimate }[] };
    };
    const joint = paths.joint.find(({ target, input }) => target === 'L1H0' && input === 'k')!;
    expect(joint.increase.value).toBeGreaterThan(1);
    expect(said.get('compose')!.text.stdout).toMatch(
      new RegExp(`^all → L1H0 +– +\\+${joint.increase.value.toFixed(2)} +– `, 'm'),
    );
  });
});

describe('numbers that are none', () => {
  const none: Estimate = { value: Number.NaN, interval: [Number.NaN, Number.NaN], n: 0 };
  const one: Estimate = { value: 1.28, interval: [1.28, 1.28], n: 1 };

  test('are written as –, and one sequence has no interval', () => {
    for (const x of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, null, undefined])
      expect([plainNumber(x), signedNumber(x), percent(x), nats(x)]).toEqual(['–', '–', '–', '–']);
    expect(signed(Number.NaN)).toBe('–');
    expect(estimateCells(none)).toEqual(['–', '–']);
    expect(estimateCells(one)).toEqual(['+1.28', '–']);
    expect(percentInterval({ ...one, n: 2, interval: [0, Number.POSITIVE_INFINITY] })).toBe('–');
    expect(percentRange([null, Number.NaN])).toBe('–');
    expect(percentRange([null, 0.25, 0.5])).toBe('25 % to 50 %');
    expect(jsonText({ x: Number.NaN, y: [Number.POSITIVE_INFINITY] })).toBe('{\n "x": null,\n "y": [\n  null\n ]\n}\n');
  });

  test('patch of one prompt has no interval', async () => {
    const prompts = ['--clean', '7 3 9 7 3', '--corrupted', '5 3 9 7 3'];
    const { stdout } = await succeed('patch', model, ...prompts);
    expect(stdout).toMatch(/^L0H0 +all +\+1\.00 +– /m);
    expect(stdout).not.toMatch(/\[\+/);
    expect(stdout).not.toMatch(/NaN|Infinity|undefined/);
  });

  test('are empty cells of CSV', () => {
    const score = { label: 'L0H0', positionalOffset: { offset: 2, aboveChance: Number.NaN }, positionality: 1 };
    const head = new Proxy(score, { get: (own, key) => Reflect.get(own, key) ?? none });
    const csv = scoresCsv({ scores: { heads: [head] } } as unknown as Parameters<typeof scoresCsv>[0]);
    expect(csv).toMatch(/\nL0H0,{31}2,,1\n$/);
  });

  test.for([...COMMANDS, 'cache'])('outputs that overflow end %s with one sentence and no verdict', async (command) => {
    const huge = writeRandomModel(join(folder, 'huge.safetensors'), { nLayers: 2, nHeads: 2, scale: 1e37 });
    const out = join(folder, 'huge-cache.safetensors');
    const more = command === 'cache' ? ['--tokens', tokens, '--out', out] : few(command);
    const ended = await run(command, huge, ...more);
    expectRefusal(ended, /huge\.safetensors: .*not finite/, 1);
  });

  test('a failure of the model is told with its file, a fault of ours with its own words', () => {
    const failing = (error: Error) => () =>
      blameCheckpoint('m.safetensors', () => {
        throw error;
      });
    expect(failing(new NotFiniteError('audit: no numbers.'))).toThrow(
      expect.objectContaining({ message: 'm.safetensors: no numbers.', exitCode: 1 }),
    );
    expect(failing(new Error('audit: too short.'))).toThrow(
      expect.objectContaining({ message: 'm.safetensors: too short.', exitCode: 2 }),
    );
    expect(failing(new TypeError('x is undefined'))).toThrow('x is undefined');
    expect(toCommandError(new RangeError('Array buffer allocation failed'))).toMatchObject({
      exitCode: 1,
      message: expect.stringMatching(/not enough memory/),
    });
  });
});

describe('control characters reach neither a terminal nor a figure', () => {
  test('from the name of a file or of a folder', async () => {
    const path = join(folder, `${HOSTILE.replaceAll('/', '')}.safetensors`);
    copyFileSync(model, path);
    const texts = [
      await run('ablate', path, ...few('ablate')),
      await run('audit', `${path}.none`),
      await run('cache', path, '--tokens', tokens, '--out', `${path}.cache`),
      await run('cache', path, '--tokens', tokens, '--out', `${path}.cache`),
      await run('dynamics', `${path}.folder`),
      await run('audit', model, '--figures', path),
      await run('patch', model, '--hook', HOSTILE),
      await run('patch', model, '--clean', HOSTILE, '--corrupted', '1 2'),
      await run(`fly${HOSTILE}`),
      await run('audit', model, `--${HOSTILE}`),
      await run('audit', model, '--sequences', HOSTILE),
    ];
    expect(texts.map(({ code }) => code)).toEqual([0, 2, 0, 2, 2, 2, 2, 2, 2, 2, 2]);
    for (const { stdout, stderr } of texts) {
      expect(stdout + stderr).not.toMatch(/[\p{Cc}\u202e](?<!\n)/u);
      expect(stderr.split('\n').filter((line) => line.startsWith('error:')).length).toBeLessThanOrEqual(1);
    }
    expect(texts[0]!.stdout).toContain('evil␛]0;PWNED␇');
  });

  test('from the name of a run, in text and figures', async () => {
    expect(said.get('dynamics')!.text.stdout).not.toMatch(/[\p{Cc}\u202e](?<!\n)/u);
    const figures = join(folder, 'figures');
    await succeed('dynamics', runFolder, ...few('dynamics'), '--figures', figures);
    const names = readdirSync(figures).filter((name) => name.endsWith('.svg'));
    expect(names).toHaveLength(4);
    for (const name of names) {
      const svg = readFileSync(join(figures, name), 'utf8');
      expect(svg).toContain('<title>evil␛]0;PWNED␇');
      expect(svg).not.toMatch(/[\p{Cc}\u202e]/u);
    }
  });

  test('in the report, where nothing is markup either', () => {
    expect(escapeHtml('<b>\u001b[2J\u202e"')).toBe('&#60;b&#62;␛[2J�&#34;');
  });
});

describe('options that change nothing are refused', () => {
  const prompts = ['--clean', '7 3 9 7 3', '--corrupted', '5 3 9 7 3'];
  test.for<[string[], RegExp]>([
    [['--sequences', '4096'], /^error: --sequences has no effect with --clean: .*; leave it out\.$/m],
    [['--seed', '0'], /--seed has no effect/],
    [['--period', '3'], /--period has no effect/],
    [['--corruption', 'change-match'], /--corruption has no effect/],
    [['--seed', '5', '--sequences', '9'], /--sequences and --seed have no effect with --clean.*leave them out/],
  ])('patch with prompts of its own and %j', async ([more, sentence]) => {
    expectRefusal(await run('patch', model, ...prompts, ...more), sentence);
  });

  test('audit prints one format', async () => {
    expectRefusal(await run('audit', model, '--csv', '--json'), /cannot be used with option/);
  });

  test('defaults do not count', async () => {
    expect((await run('patch', model, ...prompts)).code).toBe(0);
  });
});

test('a checkpoint of another shape among those of a run is named', async () => {
  const mixed = writeRun(join(folder, 'mixed'), 'mixed');
  const odd = join(mixed, 'checkpoints', 'step-000005.safetensors');
  writeFileSync(odd, readFileSync(writeRandomModel(join(folder, 'other.safetensors'), { nLayers: 1, nHeads: 2 })));
  expectRefusal(
    await run('dynamics', mixed, ...few('dynamics')),
    /step-000005\.safetensors is of another run: its nLayers is 1, that of run\.json 2; take it out of the folder/,
  );
});

test('the built command says the same as the one in this process', async () => {
  const apart = await runApart('ablate', model, ...few('ablate'), '--quiet');
  expect(apart).toEqual(said.get('ablate')!.text);
});

test('a checkpoint under the name of another step is refused', async () => {
  const path = writeRun(join(folder, 'swapped'), 'swapped');
  const target = join(path, 'checkpoints', 'step-000009.safetensors');
  const { config, weights } = decodeCheckpoint(readFileSync(target), target);
  writeFileSync(target, encodeCheckpoint(config, weights, { step: '4' }));
  expectRefusal(
    await run('dynamics', path),
    /step-000009\.safetensors holds step "4" of a run, not the step of its name/,
  );
});

test('who writes the logits is drawn for any number of layers', () => {
  const estimate = { value: 1, interval: [0, 2] as const, n: 4 };
  const parts = Array.from({ length: 9 }, (_, layer) => ({
    part: `L${layer}H0`,
    layer,
    logit: estimate,
    loss: estimate,
  }));
  const proof = { logits: { parts, sequences: 4 }, faithfulness: null } as unknown as ProofRecord;
  expect(proofFigures('deep', proof).logits!('light')).toContain('L8H0');
});

test('an empty value is a variable that was not set, and is refused by the name of its option', async () => {
  expectRefusal(await run('audit', ''), /audit was given an empty name/);
  expectRefusal(await run('audit', model, '--figures', ''), /--figures is empty/);
  expectRefusal(await run('train', '--preset', 'varied', '--out', ''), /--out is empty/);
});

test('an interval beyond the last step is refused', async () => {
  const out = join(folder, 'never');
  for (const option of ['--scores-every', '--checkpoint-every'])
    expectRefusal(
      await run('train', '--preset', 'varied', '--steps', '60', option, '61', '--out', out),
      new RegExp(`${option} 61 is beyond the last step, 60`),
    );
});
