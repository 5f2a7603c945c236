// Runs notebooks as `npm run notebook -- --execute` does.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll } from 'vitest';
import { type Notebook, readNotebook } from './ipynb.ts';

export const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
export const file = join(root, 'notebooks/induction_heads.ipynb');
export const committed = readNotebook(file);

/** A folder that goes when the tests of a file have ended. */
export const folder = mkdtempSync(join(tmpdir(), 'notebook-'));
afterAll(() => rmSync(folder, { recursive: true }));

export interface Execution {
  readonly status: number | null;
  readonly stderr: string;
  result(): Notebook;
}

/** Runs a notebook as `npm run notebook -- --execute` does: kernel and, where it is missing, Jupyter's client set up first. */
export async function execute(from: string): Promise<Execution> {
  const to = join(folder, 'executed.ipynb');
  const child = spawn(process.execPath, [join(root, 'scripts/notebook.mjs'), '--execute', from, to]);
  let stderr = '';
  child.stderr.on('data', (data) => {
    stderr += data;
  });
  const [status] = (await once(child, 'close')) as [number | null];
  return { status, stderr, result: () => readNotebook(to) };
}
