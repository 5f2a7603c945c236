// Temporary folders, and what tests read from run folders.
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeCheckpoint, decodeSafetensors } from '@induction-lab/core/node';
import { afterAll } from 'vitest';

/** A folder that is gone when the test file is done. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'induction-lab-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Every file below a folder, by its path in it. */
export const filesIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => statSync(join(folder, path)).isFile())
    .sort();

/** SHA-256 of each file below a folder: equal when nothing there has changed. */
export const fingerprint = (folder: string): Record<string, string> =>
  Object.fromEntries(filesIn(folder).map((path) => [path, sha256(readFileSync(join(folder, path)))]));

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

export const checkpointFile = (run: string, step: number): string =>
  join(run, 'checkpoints', `step-${String(step).padStart(6, '0')}.safetensors`);

/** SHA-256 of all weights of a checkpoint, names included. */
export function weightsHash(path: string): string {
  const hash = createHash('sha256');
  for (const [name, { data }] of Object.entries(readTensors(path)))
    hash.update(name).update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  return hash.digest('hex');
}

export const readTensors = (path: string): Record<string, { shape: readonly number[]; data: Float32Array }> =>
  decodeSafetensors(readFileSync(path), path).tensors;

/** Decodes every checkpoint of a run and returns their names; throws when one cannot be read. */
export function loadAllCheckpoints(run: string): string[] {
  const names = readdirSync(join(run, 'checkpoints')).filter((name) => !name.endsWith('.tmp'));
  for (const name of names) decodeCheckpoint(readFileSync(join(run, 'checkpoints', name)), name);
  return names;
}

/** The step records and score records of a run, without how fast it was. */
export function metrics(run: string): { step: number; scores?: unknown }[] {
  const lines = readFileSync(join(run, 'metrics.jsonl'), 'utf8').trimEnd().split('\n');
  return lines.map((line) => {
    const { tokensPerSecond, ...record } = JSON.parse(line);
    return record;
  });
}

/** The steps of the step records, in the order of the file. */
export const stepsOf = (run: string): number[] =>
  metrics(run)
    .filter((record) => record.scores === undefined)
    .map((record) => record.step);

export const countTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i + 1);

export const readJson = (...path: string[]): Record<string, unknown> => JSON.parse(readFileSync(join(...path), 'utf8'));

export function writeJson(path: string, value: unknown): string {
  writeFileSync(path, JSON.stringify(value));
  return path;
}

export interface Header {
  __metadata__: Record<string, string>;
  [tensor: string]: unknown;
}

/** A safetensors file with another header: what a corrupt or foreign file looks like. */
export function withHeader(file: Uint8Array, change: (header: Header) => unknown): Uint8Array {
  const length = Number(new DataView(file.buffer, file.byteOffset).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(file.subarray(8, 8 + length)));
  const text = new TextEncoder().encode(JSON.stringify(change(header) ?? header));
  const changed = new Uint8Array(8 + text.length + file.length - 8 - length);
  new DataView(changed.buffer).setBigUint64(0, BigInt(text.length), true);
  changed.set(text, 8);
  changed.set(file.subarray(8 + length), 8 + text.length);
  return changed;
}
