// A thread that measures stays for the next task, and is replaced where one has failed or was stopped.
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { AsideThread, Stopped } from '../src/aside/aside.ts';
import { temporaryFolder } from './support/folders.ts';
import { writeInduction } from './support/models.ts';

const folder = temporaryFolder();
const thread = new AsideThread();
afterAll(() => thread.end());

const scores = (target: string, signal: AbortSignal = new AbortController().signal): Promise<string> => {
  const printed: string[] = [];
  const options = { kind: 'zero', sequences: 4, seed: 0, json: true };
  const listener = { progress: () => {}, print: (text: string) => void printed.push(text), keep: () => {} };
  return thread
    .run({ task: 'ablate', data: { target, options }, columns: 80 }, { signal, listener })
    .then(() => printed.join(''));
};

test('one task after the other, also after one that failed, and after one that was stopped', async () => {
  const target = writeInduction(join(folder, 'induction.safetensors'));
  const first = await scores(target);
  expect(JSON.parse(first)).toMatchObject({ kind: 'zero' });
  expect(await scores(target)).toBe(first);
  await expect(scores(join(folder, 'none.safetensors'))).rejects.toThrow(/none\.safetensors/);
  expect(await scores(target)).toBe(first);
  await expect(scores(target, AbortSignal.abort())).rejects.toBeInstanceOf(Stopped);
  expect(await scores(target)).toBe(first);
});
