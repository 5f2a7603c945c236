// Files are read in parts: of a model no more than a tensor beside its weights is in memory, and what does not fit is told first.
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { randomModel } from '../test/support/models.ts';
import { modelConfig } from './model/config.ts';
import type { ByteSource } from './model/formats/byteSource.ts';
import { openCheckpoint } from './model/formats/checkpoint.ts';
import { readInto } from './model/formats/openedModel.ts';
import { encodeCheckpoint, FileFormatError, Model, referenceEngine } from './node.ts';
import { checkMemory } from './nodeMemory.ts';
import { fileSource } from './nodeSource.ts';

const folder = mkdtempSync(join(tmpdir(), 'source-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('any part of a file, also beyond 4 GiB', () => {
  const path = join(folder, 'large');
  writeFileSync(path, 'beginning');
  truncateSync(path, 5 * 2 ** 30); // sparse: it takes no room on the disk
  const source = fileSource(path);
  expect(source.size).toBe(5 * 2 ** 30);
  expect(Buffer.from(source.bytes(2, 5)).toString()).toBe('gin');
  expect([...source.bytes(5 * 2 ** 30 - 2, 5 * 2 ** 30)]).toEqual([0, 0]);
  truncateSync(path, 4);
  expect(() => source.bytes(2, 9)).toThrow(FileFormatError);
  expect(() => source.bytes(2, 9)).toThrow(/has become shorter while it was read/);
});

test('a model is filled a tensor at a time, and nothing is read before it is wanted', () => {
  const options = { nLayers: 3, nHeads: 2, dModel: 16, dHead: 8, nCtx: 9, dVocab: 64, dMlp: 64 };
  const model = randomModel(referenceEngine, options);
  const path = join(folder, 'model.safetensors');
  writeFileSync(path, encodeCheckpoint(model.config, model.getWeights()));
  const file = fileSource(path);
  const reads: number[] = [];
  const watched: ByteSource = {
    ...file,
    bytes: (from, to) => {
      reads.push(to - from);
      return file.bytes(from, to);
    },
  };
  const opened = openCheckpoint(watched);
  const ofHeader = reads.length;
  expect(reads.reduce((a, b) => a + b, 0)).toBeLessThan(8192);
  const filled = new Model(referenceEngine, opened.config);
  readInto(filled, opened);
  expect(reads.length - ofHeader).toBe(Object.keys(model.getWeights()).length);
  expect(Math.max(...reads.slice(ofHeader))).toBe(4 * 16 * 64);
  expect(filled.getWeights()).toEqual(model.getWeights());
});

test('too little memory is told with both numbers', () => {
  const config = modelConfig({
    nLayers: 12,
    nHeads: 12,
    dModel: 768,
    dHead: 64,
    nCtx: 1024,
    dVocab: 50257,
    dMlp: 3072,
  });
  expect(() => checkMemory(config, 'gpt2', 2 ** 28)).toThrow(
    /^gpt2 takes 0\.6 GiB of memory in float32, and 256 MiB are free; end other programs, or choose a smaller model\.$/,
  );
  expect(() => checkMemory(config, 'gpt2', 2 ** 30)).not.toThrow();
  expect(() => checkMemory(modelConfig({ ...config, dVocab: 50, nLayers: 1 }), 'small', 0)).not.toThrow();
});
