// Heads that share keys and values, against the same model with these written out for every head: runs, interventions on what
// single heads read, gradients, and everything that is measured of such a model.
import { describe, expect, test } from 'vitest';
import { distance } from '../../test/support/golden.ts';
import { WASM_ENGINES } from '../../test/support/kit.ts';
import { randomModel, randomTokens } from '../../test/support/models.ts';
import { ungrouped } from '../../test/support/ungrouped.ts';
import { attributeEdges } from '../circuits/causal/edgeAttribution.ts';
import { allEdges } from '../circuits/causal/edges.ts';
import { pathPatching } from '../circuits/causal/pathPatching.ts';
import { pathTable } from '../circuits/causal/pathTable.ts';
import { audit } from '../circuits/claims/audit.ts';
import { measureCheckpoint } from '../circuits/claims/dynamics.ts';
import { evaluateCircuit } from '../circuits/claims/evaluateCircuit.ts';
import { RepeatSet } from '../circuits/data/repeatSet.ts';
import { compositionScores } from '../circuits/weights/composition.ts';
import { WeightCircuits } from '../circuits/weights/weightCircuits.ts';
import { referenceEngine } from '../engine/engine.ts';
import type { ModelOptions } from './config.ts';
import type { Intervention } from './interventions/interventions.ts';
import { longestRunnable } from './model.ts';

const SIZES = { nLayers: 2, nHeads: 6, dModel: 11, dHead: 5, nCtx: 9, dVocab: 13, nKeyValueHeads: 2 };
const MODELS: Record<string, ModelOptions> = {
  'like Llama': {
    ...({ ...SIZES, positions: 'rotary', normalization: 'RMS' } as const),
    ...({ dMlp: 7, actFn: 'silu', gatedMlp: true } as const),
  },
  'shortformer, biases': { ...SIZES, positions: 'shortformer', biases: true },
  'parallel, rotary in neighbours': {
    ...({ ...SIZES, positions: 'rotary', rotaryAdjacentPairs: true, normalization: null } as const),
    ...({ dMlp: 7, actFn: 'gelu', parallelAttnMlp: true, biases: true } as const),
  },
};
const tokens = randomTokens({ sequences: 3, length: 7 }, SIZES.dVocab);
const others = randomTokens({ sequences: 3, length: 7 }, SIZES.dVocab, 2);
const removal = (head: number, input: 'q' | 'k' | 'v', more: object = {}): Intervention => ({
  ...({ kind: 'removeFromInput', layer: 1, head, input, sources: 'allEarlier', ...more } as const),
});
const at = (hook: string, head?: number): { hook: string; head?: number } => ({
  hook: `blocks.1.attn.hook_${hook}`,
  ...(head === undefined ? {} : { head }),
});

/** What acts, by number of the shared head; `each` puts it at each of the heads that share it. */
const CASES: Record<string, (each: (head: number) => number[]) => Intervention[]> = {
  'one head loses its keys’ input': () => [removal(1, 'k')],
  'all of them, by mean': () => [0, 1, 2, 3, 4, 5].map((head) => removal(head, 'v', { by: 'mean' })),
  'from another run': () => [removal(5, 'k', { by: 'clean' }), removal(0, 'q', { share: 0.4 })],
  'and shared values are zero': (each) => [
    removal(4, 'k'),
    ...each(1).map((head) => ({ kind: 'zeroAblate' as const, ...at('v', head) })),
  ],
  'and shared keys are those of another run': (each) => [
    removal(4, 'v'),
    ...each(0).map((head) => ({ kind: 'patch' as const, ...at('k', head) })),
    ...each(1).map((head) => ({ kind: 'meanAblate' as const, ...at('v', head) })),
  ],
  'and all keys are another sequence’s': () => [removal(2, 'k'), { kind: 'resampleAblate', ...at('k') }],
};

describe.for(Object.entries(MODELS))('%s', ([, options]) => {
  const model = randomModel(referenceEngine, options);
  const alone = ungrouped(model);

  test('computes what heads that hold them alone compute, on every engine', () => {
    const want = alone.run(tokens).logits;
    expect(distance(model.run(tokens).logits, want)).toBeLessThan(1e-12);
    for (const engine of Object.values(WASM_ENGINES))
      expect(
        distance(randomModel(engine, options).runWithCache(tokens, { names: '*_input' }).logits, want),
      ).toBeLessThan(2e-5);
  });

  test.for(Object.entries(CASES))('%s', ([, interventions]) => {
    const [shared, written] = [
      interventions((head) => [head]),
      interventions((head) => [3 * head, 3 * head + 1, 3 * head + 2]),
    ];
    const names = ['*.hook_z', 'blocks.1.hook_k_input', 'blocks.1.attn.hook_k'];
    const got = model.runWithInterventions(tokens, shared, { names, clean: others });
    const want = alone.runWithInterventions(tokens, written, { names, clean: others });
    expect(distance(got.logits, want.logits)).toBeLessThan(1e-12);
    expect(distance(got.logits, model.run(tokens).logits)).toBeGreaterThan(1e-5);
    for (const name of want.cache.names)
      expect(distance(got.cache.get(name).data, want.cache.get(name).data), name).toBeLessThan(1e-12);
    expect(got.cache.get('blocks.1.attn.hook_k')).toMatchObject({
      shape: [3, 7, 6, 5],
      axes: ['batch', 'pos', 'head', 'dHead'],
    });

    const gradientsAt = ['blocks.?.hook_?_input', '*.hook_result', '*.hook_v'];
    const [mine, theirs] = [
      model.runWithGradients(tokens, { interventions: shared, clean: others, names: gradientsAt }),
      alone.runWithGradients(tokens, { interventions: written, clean: others, names: gradientsAt }),
    ];
    for (const name of theirs.activationGradients.names)
      expect(
        distance(mine.activationGradients.get(name).data, theirs.activationGradients.get(name).data),
        name,
      ).toBeLessThan(1e-11);
    for (const [name, { data, shape }] of Object.entries(mine.gradients)) {
      const whole = theirs.gradients[name.replace('._', '.')]!.data;
      const size = data.length / shape[0]!;
      const sums = /\._[Wb]_[KV]$/.test(name)
        ? Array.from(data, (_, i) =>
            [0, 1, 2].reduce((sum, head) => sum + whole[(3 * Math.floor(i / size) + head) * size + (i % size)]!, 0),
          )
        : whole;
      if (Math.max(...Array.from(sums, Math.abs)) > 1e-12) expect(distance(data, sums), name).toBeLessThan(1e-10);
    }
  });

  test('gradients at what single heads read are finite differences', () => {
    const hook = 'blocks.1.hook_k_input';
    const { activationGradients } = model.runWithGradients(tokens, { names: hook });
    const gradient = activationGradients.get(hook);
    expect(gradient.shape).toEqual([3, 7, 6, 11]);
    const loss = (index: number, change: number): number => {
      const { lossPerPosition } = model.runWithHooks(tokens, [
        [
          hook,
          ({ data }) => {
            data[index]! += change;
          },
        ],
      ]);
      return lossPerPosition.reduce((sum, x) => sum + x, 0) / lossPerPosition.length;
    };
    for (const index of [3, 200, 911, 1381]) {
      const slope = (loss(index, 1e-4) - loss(index, -1e-4)) / 2e-4;
      expect(gradient.data[index]).toBeCloseTo(slope, 8);
    }
  });
});

describe('what is measured of them is what is measured of heads that hold them alone', () => {
  const model = randomModel(referenceEngine, MODELS['like Llama']!);
  const alone = ungrouped(model);
  const pair = { clean: tokens.slice(0, 1), corrupted: others.slice(0, 1), queries: [2, 5] as const };
  const options = { sequences: 4, seed: 1 };
  const MEASURES: Record<string, (of: typeof model) => unknown> = {
    'edges by attribution': (of) => {
      const set = new RepeatSet(of, { sequences: 2, seed: 1, periods: [4] });
      const found = attributeEdges(set, { by: 'mean', steps: 2 });
      return allEdges(of.config).map((edge) => [...found.get(edge)]);
    },
    'the path table': (of) => pathTable(of, { ...options, by: 'mean' }),
    'path patching': (of) => pathPatching(of, pair),
    composition: (of) => compositionScores(new WeightCircuits(of.config, of.getWeights()), { draws: 3 }),
    'a checkpoint of a run': (of) => measureCheckpoint(of, { step: 3, ...options }),
    'the audit': (of) => ({ ...audit(of, options), config: null }),
    'the evaluation of a circuit': (of) => evaluateCircuit(of, { sequences: 8, seed: 1 }),
  };
  test.for(Object.entries(MEASURES))('%s', ([, measure]) => {
    expect(close(measure(model), measure(alone))).toBe('');
  });

  test('the full circuits too', () => {
    const [got, want] = [model, alone].map((of) => new WeightCircuits(of.config, of.getWeights()));
    for (const head of [0, 2, 3, 5])
      for (const circuit of ['fullQK', 'fullOV'] as const)
        expect(got![circuit]({ layer: 1, head }).norm()).toBeCloseTo(want![circuit]({ layer: 1, head }).norm(), 12);
  });

  test('and a run that keeps everything is planned for', () => {
    const sizes = { ...MODELS['like Llama']!, nCtx: 100_000 } as never;
    const [plain, everything] = [false, true].map((flag) => longestRunnable(sizes, { everything: flag }));
    expect(everything).toBeGreaterThan(0);
    expect(everything).toBeLessThan(plain!);
  });
});

test('shared heads are named by number among those that there are', () => {
  const model = randomModel(referenceEngine, MODELS['like Llama']!);
  const off = (head: number): Intervention[] => [{ kind: 'zeroAblate', ...at('v', head) }];
  expect(model.runWithInterventions(tokens, off(1)).logits).not.toEqual(model.run(tokens).logits);
  for (const more of [[], [removal(0, 'k')]])
    expect(() => model.runWithInterventions(tokens, [...off(2), ...more])).toThrow(
      '"blocks.1.attn.hook_v" has heads 0 to 1.',
    );
});

/** Where two records differ in more than rounding: a path, or nothing. */
function close(a: unknown, b: unknown, path = 'record'): string {
  if (typeof a === 'number' && typeof b === 'number')
    return Math.abs(a - b) <= 1e-9 * Math.max(1, Math.abs(a)) || (Number.isNaN(a) && Number.isNaN(b))
      ? ''
      : `${path}: ${a} ${b}`;
  if (typeof a === 'object' && a !== null && typeof b === 'object' && b !== null) {
    const [keys, others] = [Object.keys(a), Object.keys(b)];
    if (keys.join() !== others.join()) return `${path} has ${keys} and ${others}`;
    return keys.map((key) => close((a as never)[key], (b as never)[key], `${path}.${key}`)).find(Boolean) ?? '';
  }
  return Object.is(a, b) ? '' : `${path}: ${String(a)} ${String(b)}`;
}
