// `ablate` and `compose` on models whose circuit was written down by hand.
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { expectRefusal } from './support/command.ts';
import { temporaryFolder } from './support/folders.ts';
import { run, succeed } from './support/inProcess.ts';
import { writeInduction } from './support/models.ts';

const folder = temporaryFolder();
const induction = writeInduction(join(folder, 'induction.safetensors'));

interface Effects {
  readonly kind: string;
  readonly heads: readonly { readonly label: string; readonly increase: { readonly value: number } }[];
}

const effects = async (kind: string): Promise<Record<string, number>> => {
  const { stdout } = await succeed('ablate', induction, '--kind', kind, '--json', '--sequences', '8');
  const record = JSON.parse(stdout) as Effects;
  expect(record.kind).toBe(kind);
  return Object.fromEntries(record.heads.map((h) => [h.label, h.increase.value]));
};

test('ablate --json: both heads of the circuit matter, and the first one only through patterns', async () => {
  const [zero, preserving] = [await effects('zero'), await effects('pattern-preserving')];
  expect(zero.L0H0).toBeGreaterThan(1);
  expect(zero.L1H0).toBeGreaterThan(1);
  expect(zero.L0H1).toBeCloseTo(0, 5);
  expect(preserving.L0H0).toBeCloseTo(0, 5);
  expect(preserving.L1H0).toBeGreaterThan(1);
});

test('ablate prints a line for every head and layer, with intervals', async () => {
  const { stdout } = await succeed('ablate', induction, '--sequences', '8');
  for (const label of ['L0H0', 'L0H1', 'L1H0', 'L1H1', 'L0', 'L1'])
    expect(stdout).toMatch(new RegExp(`^${label} +[+-]\\d+\\.\\d\\d +\\[`, 'm'));
});

test('ablate refuses a kind that it does not know', async () => {
  expectRefusal(await run('ablate', induction, '--kind', 'median'), /pattern-preserving/);
});

test('compose --json: the induction head copies, and only the K path composes', async () => {
  const { heads, composition } = JSON.parse((await succeed('compose', induction, '--json')).stdout);
  expect(heads.find((h: { label: string }) => h.label === 'L1H0')).toMatchObject({ copiesTop1: 1 });
  const scores = composition.scores.filter(
    (s: { earlier: string; later: string }) => s.earlier === 'L0H0' && s.later === 'L1H0',
  );
  expect(scores.map((s: { kind: string; raw: number }) => [s.kind, s.raw > 0.01])).toEqual([
    ['q', false],
    ['k', true],
    ['v', false],
  ]);
});
