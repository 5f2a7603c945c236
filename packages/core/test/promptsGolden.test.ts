// Analyses on given prompts against float64 PyTorch (test/golden/prompts.py): logit-difference patching, edge ablation and
// attribution, mean ablation over the whole set, of prompts of three lengths.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type Engine, referenceEngine } from '../src/engine/engine.ts';
import { ablationEffects, activationPatching, loadEngine, PromptSet, type Prompts, pathTable } from '../src/node.ts';
import { loadGolden } from './support/golden.ts';
import { goldenModel } from './support/goldenChecks.ts';

interface Found {
  readonly measured: readonly number[];
  readonly attributed: readonly number[];
}
interface Golden {
  readonly prompts: Prompts;
  readonly clean: readonly number[];
  readonly corrupted: readonly number[];
  readonly patched: Readonly<Record<string, Found>>;
  readonly ablated: Readonly<Record<string, readonly number[]>>;
  readonly edges: readonly ({ source: string; target: string; input: string } & Record<'zero' | 'mean', Found>)[];
}

const golden: Golden = JSON.parse(readFileSync(new URL('golden/prompts_ln.json', import.meta.url), 'utf8'));
const { prompts, clean, corrupted } = golden;
const measure = 'logit-diff';
const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);
const mean = (numbers: readonly number[]): number => sum(numbers) / numbers.length;

const engines: [string, Engine, number][] = [
  ['reference', referenceEngine, 1e-11],
  ['plain SIMD', await loadEngine({ exact: true }), 1e-5],
];

describe.for(engines)('on %s', ([, engine, tolerance]) => {
  const model = goldenModel(engine, loadGolden('tiny_ln'));
  const near = (got: number, want: number, what: string): void => {
    expect(Math.abs(got - want), `${what}: ${got} for ${want}`).toBeLessThan(tolerance * (1 + Math.abs(want)));
  };

  test('the logit difference of each prompt', () => {
    new PromptSet(model, { prompts, measure }).clean.forEach((x, s) => void near(x, clean[s]!, `prompt ${s}`));
  });

  test('what patching each head restores, measured and by first order', () => {
    const record = activationPatching(model, prompts, { measure });
    near(record.cleanLoss.value, mean(clean), 'clean');
    near(record.corruptedLoss.value, mean(corrupted), 'corrupted');
    expect(record.effects).toHaveLength(4);
    const gap = sum(clean) - sum(corrupted);
    for (const { label, effect, attributed } of record.effects) {
      const want = golden.patched[label]!;
      near(effect.value, (sum(want.measured) - sum(corrupted)) / gap, label);
      near(attributed!, sum(want.attributed) / gap, `${label}, attributed`);
    }
  });

  test.for(['zero', 'mean'] as const)('what each edge carries, left out for %s, measured and attributed', (by) => {
    const { cells } = pathTable(model, { prompts, measure, by });
    expect(cells).toHaveLength(golden.edges.length);
    for (const { source, target, input, increase, attributed } of cells) {
      const edge = golden.edges.find((e) => e.source === source && e.target === target && e.input === input)!;
      near(increase.value, mean(edge[by].measured) - mean(clean), `${source} → ${target} ${input}`);
      near(attributed.value, mean(edge[by].attributed), `${source} → ${target} ${input}, attributed`);
    }
  });

  test('what each head’s mean over all prompts costs', () => {
    const { heads } = ablationEffects(model, { prompts, measure, kind: 'mean' });
    for (const { label, increase } of heads) near(increase.value, mean(golden.ablated[label]!) - mean(clean), label);
  });
});
