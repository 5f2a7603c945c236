// A large model is measured on a sample that is stated, with progress; a small one as ever.
import { expect, test } from 'vitest';
import { audit } from '../src/circuits/claims/audit.ts';
import { sampleText } from '../src/circuits/claims/auditText.ts';
import { evaluatedSequences, isLess, mapSequences, sampleOf } from '../src/circuits/claims/sample.ts';
import { modelConfig } from '../src/model/config.ts';
import { loadEngine } from '../src/node.ts';
import { largeInduction } from './support/largeModel.ts';

const sizes = { nLayers: 2, nHeads: 4, dModel: 64, dHead: 16, nCtx: 50, dVocab: 64 };
const [small, large] = [
  modelConfig(sizes),
  modelConfig({ ...sizes, dModel: 128, dHead: 32, nCtx: 1024, dVocab: 50_000 }),
];

test('how much is measured follows from the sizes, unless it is told', () => {
  expect(sampleOf(small, {})).toEqual({ sequences: 64 });
  expect([mapSequences(small, {}), evaluatedSequences(small), isLess(sampleOf(small, {}), {})]).toEqual([
    16,
    96,
    false,
  ]);
  const sample = sampleOf(large, {});
  expect(sample.sequences).toBeGreaterThanOrEqual(8);
  expect(sample.sequences).toBeLessThan(20);
  expect(sample.mostPeriods).toBe(9);
  expect(isLess(sample, {})).toBe(true);
  expect([mapSequences(large, {}), evaluatedSequences(large)]).toEqual([4, 12]);
  const told = { sequences: 64, mostPeriods: 57 };
  expect(sampleOf(large, told)).toEqual(told);
  expect(isLess(told, told)).toBe(false);
});

test('an induction circuit among 1,000 tokens is found on a sample of places, and progress never falls', async () => {
  const model = largeInduction(await loadEngine({ exact: true }), { dVocab: 1000, nCtx: 64 });
  const seen: [number, number][] = [];
  const onProgress = (done: number, total: number): void => void seen.push([done, total]);
  const record = audit(model, { sequences: 4, mostPeriods: 3, onProgress });
  expect(record.verdict, record.sentence).toBe('induction');
  expect(record.map.cells.length).toBeLessThan(record.map.cellsInAll);
  expect(record.untested.join()).toContain('places between those measured');
  expect(sampleText(record)).toBe(
    ' Measured on a sample, since the model is large: 4 sequences of each probe, 3 periods, 4 sequences of each place.',
  );
  expect(seen.every(([done, total], i) => total >= done && done >= (seen[i - 1]?.[0] ?? 0))).toBe(true);
  expect(seen.at(-1)![0]).toBe(seen.at(-1)![1]);
});
