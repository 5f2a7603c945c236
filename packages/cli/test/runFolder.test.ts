// Run folders: resumed as they were begun, held, damaged, left by a process that was killed (runFolder.fuzz.test.ts has random ones).
import { copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeSafetensors, encodeSafetensors } from '@induction-lab/core/node';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { resumeFolder, resumeHint } from '../src/runs/resumeRun.ts';
import { RunFolder } from '../src/runs/runFolder.ts';
import {
  checkpointFile,
  countTo,
  fingerprint,
  metrics,
  readJson,
  stepsOf,
  temporaryFolder,
} from './support/folders.ts';
import { refusalOf, resumeHere, tinyJson, trainHere, trainUntil } from './support/runs.ts';

const base = temporaryFolder();
let count = 0;
const fresh = (): string => join(base, `run-${++count}`);
afterEach(() => void vi.restoreAllMocks());

/** A finished run of nine steps, to be copied. */
const whole = fresh();
await trainHere(whole, tinyJson());

function copyOf(run: string): string {
  const path = fresh();
  cpSync(run, path, { recursive: true });
  return path;
}

const editJson = (path: string, change: (json: Record<string, unknown>) => unknown): void =>
  writeFileSync(path, JSON.stringify(change(JSON.parse(readFileSync(path, 'utf8'))) ?? null));

const set =
  (field: string, value: unknown) =>
  (json: Record<string, unknown>): unknown => {
    const path = field.split('.');
    const holder = path.slice(0, -1).reduce((at, key) => at[key] as Record<string, unknown>, json);
    holder[path.at(-1) as string] = value;
    return json;
  };

test('a finished run that is resumed is left as it is', async () => {
  const path = copyOf(whole);
  const before = fingerprint(path);
  expect(await resumeHere(path, {})).toMatchObject({ status: 'done', step: 9 });
  expect(fingerprint(path)).toEqual(before);
});

test.for([
  ['removed', () => '', /lacks 9 of the 9 steps/],
  ['cut', (text: string) => text.split('\n').slice(3).join('\n'), /lacks \d of the 9 steps/],
  ['doubled', (text: string) => text + text, /steps twice or out of order/],
] as const)('metrics that were %s are told of when the run goes on', async ([, change, sentence]) => {
  const path = copyOf(whole);
  editJson(join(path, 'run.json'), set('experiment.training.steps', 10));
  editJson(join(path, 'run.json'), set('status', 'stopped'));
  const file = join(path, 'metrics.jsonl');
  writeFileSync(file, change(readFileSync(file, 'utf8')));
  const said = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  const options = { folder: path, exact: false, given: { threads: 1 }, quiet: false, json: true };
  vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  await resumeFolder({ ...options, signal: new AbortController().signal });
  expect(said.mock.calls.join('\n')).toMatch(sentence);
});

test.for([null, [], 7])('run.json that holds %j is no record of a run', async (json) => {
  const path = copyOf(whole);
  writeFileSync(join(path, 'run.json'), JSON.stringify(json));
  expect(await refusalOf(path)).toMatch(/run\.json must be the record of a run, an object, got/);
});

describe('--resume goes on as begun', () => {
  const options = { csv: true, perPosition: true, checkpointEvery: 3, scoresEvery: 2 };

  test('table, losses by position, intervals of checkpoints and scores', async () => {
    const [once, twice] = [fresh(), fresh()];
    const json = tinyJson({ training: { steps: 20 } });
    await trainHere(once, json, options);
    await trainUntil(7, twice, json, options);
    expect(readJson(twice, 'run.json')).toMatchObject({ status: 'stopped', options: { ...options, threads: 1 } });
    await resumeHere(twice);
    const names = (path: string): string[] => Object.keys(fingerprint(path));
    expect(names(twice)).toEqual(names(once));
    expect(metrics(twice)).toEqual(metrics(once));
    const rows = readFileSync(join(twice, 'metrics.csv'), 'utf8').trimEnd().split('\n');
    expect(rows.slice(1).map((row) => Number(row.split(',')[0]))).toEqual(countTo(20));
    expect(readJson(twice, 'run.json')).toMatchObject({ options });
  });

  test('what is asked for anew is done, and kept from then on', async () => {
    const path = fresh();
    await trainUntil(3, path, tinyJson(), options);
    await resumeHere(path, { scoresEvery: 0, csv: false });
    expect(readJson(path, 'run.json').options).toMatchObject({ scoresEvery: 0, csv: false, checkpointEvery: 3 });
    expect(
      metrics(path)
        .filter(({ scores }) => scores)
        .map(({ step }) => step),
    ).toEqual([2]);
  });

  test('a run of an earlier version goes on as ever, and its table is not left behind', async () => {
    const path = fresh();
    await trainUntil(3, path, tinyJson(), { csv: true });
    editJson(join(path, 'run.json'), ({ options: _, commit: __, checkpoint: ___, scoresLeftOut: ____, ...old }) => old);
    await resumeHere(path);
    expect(readFileSync(join(path, 'metrics.csv'), 'utf8').trimEnd().split('\n')).toHaveLength(10);
    expect(readJson(path, 'run.json')).toMatchObject({ status: 'done', options: { scoresEvery: 100 } });
  });

  test('a finished run whose table was not written any more gets it', async () => {
    const path = copyOf(whole);
    await resumeHere(path, { csv: true });
    expect(readFileSync(join(path, 'metrics.csv'), 'utf8').trimEnd().split('\n')).toHaveLength(10);
  });
});

test('scores that cannot be measured are left out, which is said once and kept, and the run ends well', async () => {
  const path = fresh();
  const said = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  const json = tinyJson({ model: { nCtx: 5, dVocab: 2 }, task: { kind: 'repeated', period: 2 } });
  await trainHere(path, json, { scoresEvery: 2 });
  const sentence = /^Head scores are left out from step 2 on: a vocabulary of 2 is too small .*\.\n$/;
  expect(said.mock.calls.map(([text]) => text)).toEqual([expect.stringMatching(sentence)]);
  expect(readJson(path, 'run.json')).toMatchObject({
    status: 'done',
    step: 9,
    scoresLeftOut: { step: 2, reason: expect.stringMatching(/^a vocabulary of 2/) },
  });
  expect(stepsOf(path)).toEqual(countTo(9));
});

test('run.json says where its numbers come from', () => {
  const info = readJson(whole, 'run.json');
  expect(info).toMatchObject({ schemaVersion: 1, backend: 'simd', scoresLeftOut: null });
  expect(info.commit === null || /^[0-9a-f]{40,64}$/.test(info.commit as string)).toBe(true);
  expect(info.checkpoint).toEqual({
    file: 'step-000009.safetensors',
    sha256: fingerprint(whole)['checkpoints/step-000009.safetensors'],
  });
});

test('a folder that another process writes in is left alone', async () => {
  const path = copyOf(whole);
  const other = new RunFolder(path);
  await other.hold();
  expect(await refusalOf(path)).toMatch(/is writing in/);
  await expect(trainHere(path, tinyJson())).rejects.toThrow(/already holds another run/);
  other.release();
  await resumeHere(path);
  expect(existsSync(join(path, 'run.lock'))).toBe(false);
});

test('a model that is too large leaves a folder in which another run may begin', async () => {
  const path = fresh();
  const model = { dModel: 4096, dVocab: 65536, nCtx: 4096 };
  await expect(trainHere(path, tinyJson({ model }))).rejects.toThrow(/GiB are needed/);
  expect(fingerprint(path)).toEqual({});
  await trainHere(path, tinyJson());
});

test('of two runs that begin in a folder at once, one does', async () => {
  const path = fresh();
  const begun = await Promise.allSettled([trainHere(path, tinyJson()), trainHere(path, tinyJson())]);
  expect(begun.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  const refused = begun.find((one) => one.status === 'rejected');
  expect(String(refused?.reason)).toMatch(/is writing in|already holds another run/);
  expect(stepsOf(path)).toEqual(countTo(9));
});

test('a run that was taken over while its process slept stops and writes nothing more', async () => {
  const path = fresh();
  const print = vi.spyOn(process.stdout, 'write').mockImplementation((line) => {
    if ((JSON.parse(String(line)) as { step: number }).step === 5)
      writeFileSync(
        join(path, 'run.lock'),
        '{"pid":1,"host":"h","machine":"m","id":"i","since":"s","beat":"2020-01-01"}',
      );
    return true;
  });
  await expect(trainHere(path, tinyJson(), { json: true })).rejects.toThrow(
    /has taken over .* writes nothing more there/,
  );
  print.mockRestore();
  expect(readJson(path, 'run.json').status).toBe('running');
  expect(existsSync(checkpointFile(path, 9))).toBe(false);
  expect(existsSync(join(path, 'run.lock'))).toBe(true);
});

describe('a process killed at its beginning leaves one story', () => {
  const begun = (...left: string[]): string => {
    const path = copyOf(whole);
    const info = readFileSync(join(path, 'run.json'), 'utf8');
    rmSync(path, { recursive: true });
    mkdirSync(join(path, 'checkpoints'), { recursive: true });
    if (!left.includes('checkpoint')) rmSync(join(path, 'checkpoints'), { recursive: true });
    else copyFileSync(checkpointFile(whole, 0), checkpointFile(path, 0));
    if (left.includes('run.json'))
      writeFileSync(join(path, 'run.json'), info.replace('"step": 9', '"step": 0').replace('"done"', '"running"'));
    if (left.includes('half')) writeFileSync(join(path, 'run.json.4711.tmp'), '{"sch');
    if (left.includes('lock')) writeFileSync(join(path, 'run.lock'), deadLock);
    return path;
  };
  const deadLock = JSON.stringify({
    pid: 999_999_999,
    host: 'h',
    machine: 'm',
    id: 'i',
    since: 's',
    beat: '2020-01-01',
  });

  test.for<string[]>([[], ['half']])(
    'before its record (%j): nothing to resume, and a run may begin there',
    async (left) => {
      const path = begun(...left);
      expect(await refusalOf(path)).toMatch(
        /holds no run \(no run\.json\): nothing had been written there yet; begin it with train/,
      );
      await trainHere(path, tinyJson());
      expect(fingerprint(path)['checkpoints/step-000009.safetensors']).toBe(
        fingerprint(whole)['checkpoints/step-000009.safetensors'],
      );
      expect(existsSync(join(path, 'run.json.4711.tmp'))).toBe(false);
    },
  );

  test.for<string[]>([['run.json'], ['run.json', 'half'], ['run.json', 'checkpoint']])(
    'before its first saved state (%j): resumed it begins at its beginning, and no other run may begin there',
    async (left) => {
      const path = begun(...left);
      await expect(trainHere(path, tinyJson())).rejects.toThrow(
        /already holds another run; .* or continue that run with train --resume/,
      );
      await resumeHere(path);
      expect(stepsOf(path)).toEqual(countTo(9));
      expect(fingerprint(path)['resume.safetensors']).toBe(fingerprint(whole)['resume.safetensors']);
    },
  );
});

describe('a damaged folder is refused by file and field before anything in it changes', () => {
  test.for<[string, unknown, RegExp]>([
    ['name', 7, /run\.json: name must be a string, got 7; put back what train wrote\.$/],
    ['seed', -1, /seed must be at least 0, got -1/],
    ['seed', 0.5, /seed must be a whole number, got 0\.5/],
    ['seed', '3', /seed must be a number, got "3"/],
    ['seed', 1e300, /seed must be/],
    ['backend', 'cuda', /backend must be "relaxed" or "simd" or "reference", got "cuda"/],
    ['threads', 0, /threads must be at least 1/],
    ['versions', null, /versions must be an object, got null/],
    ['versions.node', ['\u001b'], /versions\.node must be a string/],
    ['platform', {}, /platform must be a string/],
    ['startedAt', 1, /startedAt must be a string/],
    ['finishedAt', false, /finishedAt must be a string/],
    ['status', 'finished', /status must be "running" or /],
    ['step', -3, /step must be at least 0/],
    ['step', 10, /step \(10\) is beyond the experiment's last, 9/],
    ['seconds', 'long', /seconds must be a number/],
    ['options', [], /options must be an object/],
    ['options.scoresEvery', 1.5, /options\.scoresEvery must be a whole number/],
    ['options.csv', 'yes', /options\.csv must be a boolean/],
    ['checkpoint', 'x', /checkpoint must be an object/],
    ['schemaVersion', '\u001b[2J'.repeat(999), /has schemaVersion "\\u001b\[2J/],
    ['experiment', null, /run\.json: the config must be an object, got null/],
    ['experiment.training.steps', 2 ** 53, /training\.steps must be at most 9007199254740991/],
    ['experiment.model.rotaryDim', 'x'.repeat(5000), /model\.rotaryDim must be a number, got "x{50,60}…/],
  ])('run.json: %s = %j', async ([field, value, sentence]) => {
    const path = copyOf(whole);
    editJson(join(path, 'run.json'), set(field, value));
    expect(await refusalOf(path)).toMatch(sentence);
  });

  test.for<[string, RegExp]>([
    ['null', /metrics\.jsonl, line 3: null is no record of a step; remove that line/],
    ['[1]', /line 3: \[1\] is no record of a step/],
    ['"step"', /line 3: "step" is no record/],
    ['{"step":2,"lo', /line 3: "\{\\"step\\":2,\\"lo" is not JSON/],
    ['{"loss":1}', /line 3: step must be a whole number of at least 0, got undefined/],
    ['{"step":-1,"loss":1}', /got -1/],
    ['{"step":3,"loss":"low"}', /line 3: loss must be a number, got "low"/],
    ['{"step":3,"scores":{}}', /scores must be a list/],
    ['{"step":3,"scores":[null]}', /scores must name a head each, got null/],
    ['{"step":3,"perPosition":[1,"x"]}', /perPosition must be a list of numbers/],
    ['\u0000\u0000', /is not JSON/],
  ])('metrics.jsonl: a line %j', async ([line, sentence]) => {
    const path = copyOf(whole);
    const lines = readFileSync(join(path, 'metrics.jsonl'), 'utf8').split('\n');
    writeFileSync(join(path, 'metrics.jsonl'), lines.toSpliced(2, 0, line).join('\n'));
    expect(await refusalOf(path)).toMatch(sentence);
  });

  const state = (path: string): ReturnType<typeof decodeSafetensors> =>
    decodeSafetensors(readFileSync(join(path, 'resume.safetensors')), path);
  const W = 'blocks.0.attn.W_Q';

  test.for<[string, RegExp, (file: ReturnType<typeof decodeSafetensors>) => unknown]>([
    [
      'a negative step',
      /names step "-5" and seed "3", where train writes whole numbers/,
      ({ metadata }) => Object.assign(metadata, { step: '-5' }),
    ],
    ['a fractional step', /names step "0\.5"/, ({ metadata }) => Object.assign(metadata, { step: '0.5' })],
    ['no step', /names step undefined/, ({ metadata }) => void delete metadata.step],
    ['an empty step', /names step ""/, ({ metadata }) => Object.assign(metadata, { step: '' })],
    ['a step beyond the last', /belongs to another run/, ({ metadata }) => Object.assign(metadata, { step: '10' })],
    ['an absurd seed', /and seed "1e9999"/, ({ metadata }) => Object.assign(metadata, { seed: '1e9999' })],
    ['another seed', /belongs to another run/, ({ metadata }) => Object.assign(metadata, { seed: '4' })],
    [
      'a weight that is no number',
      /numbers that no run can go on from, in blocks\.0\.attn\.W_Q;/,
      ({ tensors }) => tensors[W]!.data.fill(Number.NaN),
    ],
    [
      'an infinite moment',
      /in adamw\.m\.blocks/,
      ({ tensors }) => tensors[`adamw.m.${W}`]!.data.fill(Number.POSITIVE_INFINITY),
    ],
    ['a negative second moment', /in adamw\.v\.blocks/, ({ tensors }) => tensors[`adamw.v.${W}`]!.data.fill(-1)],
    [
      'a weight of another shape',
      /belongs to another run/,
      ({ tensors }) => Object.assign(tensors, { [W]: { shape: [42], data: new Float32Array(42) } }),
    ],
    ['a weight missing', /belongs to another run/, ({ tensors }) => void delete tensors[`adamw.v.${W}`]],
    [
      'a weight too many',
      /belongs to another run/,
      ({ tensors }) => Object.assign(tensors, { 'blocks.9.x': { shape: [1], data: new Float32Array(1) } }),
    ],
  ])('resume.safetensors: %s', async ([, sentence, damage]) => {
    const path = copyOf(whole);
    const file = state(path);
    damage(file);
    writeFileSync(join(path, 'resume.safetensors'), encodeSafetensors(file.tensors, file.metadata));
    expect(await refusalOf(path)).toMatch(sentence);
  });

  test('no state of a run that had trained', async () => {
    const path = copyOf(whole);
    rmSync(join(path, 'resume.safetensors'));
    expect(await refusalOf(path)).toMatch(
      /holds no saved state \(no resume\.safetensors\), although its run had reached step 9; .* start the run anew/,
    );
  });
});

test('how to go on can be pasted into a shell', () => {
  expect(resumeHint('runs/2026-01-31T120000-varied')).toBe(
    'npx induction-lab train --resume runs/2026-01-31T120000-varied',
  );
  expect(resumeHint("my run's")).toBe("npx induction-lab train --resume 'my run'\\''s'");
});
