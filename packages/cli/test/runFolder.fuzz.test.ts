// What a run writes, it reads, whatever was trained; and whatever happened to its files, it is read or refused in a sentence.
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeCheckpoint, ExperimentError, parseExperiment } from '@induction-lab/core/node';
import fc from 'fast-check';
import { afterEach, expect, test, vi } from 'vitest';
import { fuzz } from '../../core/test/support/fuzz.ts';
import { toCommandError } from '../src/errors.ts';
import { RunFolder } from '../src/runs/runFolder.ts';
import { checkpointFile, countTo, fingerprint, metrics, stepsOf, temporaryFolder } from './support/folders.ts';
import { refusalOf, resumeHere, tinyJson, trainHere, trainUntil } from './support/runs.ts';

const base = temporaryFolder();
let count = 0;
const fresh = (): string => join(base, `run-${++count}`);
afterEach(() => void vi.restoreAllMocks());

/** A run that is trained takes thousands of times as long as an input that is read. */
const SHARE = { trained: 0.001, damaged: 0.02 };

const model = fc.record({
  nLayers: fc.integer({ min: 1, max: 2 }),
  nHeads: fc.integer({ min: 1, max: 3 }),
  dModel: fc.integer({ min: 1, max: 9 }),
  dHead: fc.integer({ min: 1, max: 5 }),
  nCtx: fc.integer({ min: 4, max: 16 }),
  dVocab: fc.integer({ min: 2, max: 17 }),
  positions: fc.constantFrom('standard', 'shortformer', 'rotary', 'sinusoidal', 'none'),
  normalization: fc.constantFrom('LN', null),
  biases: fc.boolean(),
  tied: fc.boolean(),
});
const task = fc.oneof(
  fc.record({ kind: fc.constant('repeated'), period: fc.integer({ min: 2, max: 9 }), distinct: fc.boolean() }),
  fc.record({ kind: fc.constant('varied'), periods: fc.constantFrom([2, 2], [2, 5], [3, 7]), maxPrefix: fc.nat(2) }),
  fc.record({ kind: fc.constant('random'), distinct: fc.boolean() }),
);
const training = fc.record({
  steps: fc.integer({ min: 1, max: 4 }),
  batch: fc.integer({ min: 1, max: 3 }),
  learningRate: fc.constantFrom(0.001, 0.1),
  schedule: fc.constantFrom('constant', 'linear', 'cosine'),
  clipNorm: fc.constantFrom(null, 0.5),
  weightDecay: fc.constantFrom(0, 0.1),
  clamps: fc.constantFrom(
    [],
    [{ kind: 'freeze', layer: 0, head: 0 }],
    [{ kind: 'ablate', layer: 0, head: 0, fromStep: 2 }],
  ),
});
const configs = fc.record({ name: fc.string({ minLength: 1 }), model, task, training });

test('whatever can be trained: record, metrics, state and checkpoints; and resumed it ends with the same bits', async () => {
  let trained = 0;
  vi.spyOn(process.stderr, 'write').mockReturnValue(true); // scores that are left out
  await fuzz('runs that are trained', fc.tuple(configs, fc.nat(3)), {
    runs: 25,
    share: SHARE.trained,
    check: async ([json, stopAt]) => {
      try {
        parseExperiment(json);
      } catch (error) {
        expect(error).toBeInstanceOf(ExperimentError);
        return;
      }
      trained++;
      const [path, stopped] = [fresh(), fresh()];
      const { step } = await trainHere(path, json, { scoresEvery: 2, checkpointEvery: 3, perPosition: true });
      const folder = new RunFolder(path);
      expect(folder.readInfo()).toMatchObject({ status: 'done', step, name: json.name });
      expect(folder.readInfo().experiment).toEqual(parseExperiment(json));
      expect(folder.readState()?.step).toBe(step);
      expect(stepsOf(path)).toEqual(countTo(step));
      const file = checkpointFile(path, step);
      expect(decodeCheckpoint(readFileSync(file), file).config).toMatchObject({ dHead: json.model.dHead });
      if (stopAt + 1 < step)
        await trainUntil(stopAt + 1, stopped, json, { scoresEvery: 2, checkpointEvery: 3, perPosition: true });
      else cpSync(path, stopped, { recursive: true });
      await resumeHere(stopped);
      expect(metrics(stopped)).toEqual(metrics(path));
      const [once, twice] = [fingerprint(path), fingerprint(stopped)];
      for (const name of Object.keys(once))
        if (name.endsWith('.safetensors')) expect(twice[name], name).toBe(once[name]);
      for (const done of [path, stopped]) rmSync(done, { recursive: true, force: true });
    },
  });
  expect(trained).toBeGreaterThan(0);
});

test('whatever happened to its files, a folder is read or refused in a sentence, and a refusal leaves it alone', async () => {
  const whole = fresh();
  await trainHere(whole, tinyJson());
  const files = ['run.json', 'metrics.jsonl', 'resume.safetensors'];
  const damage = fc.record({
    file: fc.constantFrom(...files),
    how: fc.constantFrom('truncate', 'flip', 'splice', 'zero', 'empty', 'swap'),
    at: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
    bytes: fc.uint8Array({ minLength: 1, maxLength: 9 }),
  });
  const path = fresh();
  await fuzz('damaged run folders', fc.array(damage, { minLength: 1, maxLength: 2 }), {
    runs: 120,
    share: SHARE.damaged,
    check: async (damages) => {
      rmSync(path, { recursive: true, force: true });
      cpSync(whole, path, { recursive: true });
      for (const { file, how, at, bytes } of damages) {
        const old = readFileSync(join(path, file));
        const place = Math.floor(at * old.length);
        const bent = Buffer.from(old);
        if (how === 'flip' && bent.length > 0) bent[place]! ^= 1 << (bytes[0]! & 7);
        if (how === 'zero') bent.fill(0, place, Math.min(old.length, place + bytes[0]!));
        const result =
          how === 'truncate'
            ? old.subarray(0, place)
            : how === 'splice'
              ? Buffer.concat([old.subarray(0, place), bytes, old.subarray(place)])
              : how === 'empty'
                ? Buffer.alloc(0)
                : how === 'swap'
                  ? readFileSync(join(whole, files[bytes[0]! % files.length]!))
                  : bent;
        writeFileSync(join(path, file), result);
      }
      const before = fingerprint(path);
      const folder = new RunFolder(path);
      const read = (): unknown => [folder.readInfo(), folder.readMetrics(), folder.readState()];
      try {
        read();
      } catch (error) {
        const { message, exitCode } = toCommandError(error);
        expect(exitCode, message).toBe(2);
        expect(message.length).toBeLessThan(600);
        expect(message).not.toMatch(/Cannot read|is not a function|\[object/);
        expect((await refusalOf(path)).length).toBeGreaterThan(0);
      }
      expect(fingerprint(path)).toEqual(before);
    },
  });
});
