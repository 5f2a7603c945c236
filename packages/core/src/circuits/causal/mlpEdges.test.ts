// MLPs in between: a circuit on paper in which an MLP carries the keys, and models with random weights by finite differences.
import { describe, expect, test } from 'vitest';
import { distance } from '../../../test/support/golden.ts';
import { WASM_ENGINES } from '../../../test/support/kit.ts';
import { FAMILY_OPTIONS, randomModel, randomTokens } from '../../../test/support/models.ts';
import { referenceEngine } from '../../engine/engine.ts';
import { handBuiltInduction } from '../../examples/handBuiltInduction.ts';
import type { ModelOptions } from '../../model/config.ts';
import type { Intervention } from '../../model/interventions/interventions.ts';
import { Model } from '../../model/model.ts';
import type { NamedWeights } from '../../model/parameters.ts';
import { allParts, partLabel } from '../../model/partIndex.ts';
import { audit } from '../claims/audit.ts';
import { RepeatSet } from '../data/repeatSet.ts';
import { attributeEdges } from './edgeAttribution.ts';
import { ablateEdges, allEdges, edgeLabel, edgesInto } from './edges.ts';
import { logitAttribution } from './logitAttribution.ts';
import { pathPatching } from './pathPatching.ts';
import { pathTable } from './pathTable.ts';

const engine = WASM_ENGINES['plain SIMD']!;

/**
 * The circuit on paper, but the previous-token head writes where nobody reads, and layer 0's MLP carries that over to where the
 * induction head looks, times `factor`. Token by token, so that ReLU changes nothing.
 */
function carriedByMlp(factor = 1): Model {
  const [dVocab, nCtx] = [9, 14];
  const base = handBuiltInduction(engine, { dVocab, nCtx });
  const { dModel, ...sizes } = base.config;
  const wide = dModel + dVocab;
  const model = new Model(engine, { ...sizes, dModel: wide, dMlp: dVocab, actFn: 'relu' });
  const previous = dVocab + nCtx;
  const blank = model.getWeights();
  const weights: Record<string, NamedWeights[string]> = {};
  for (const [name, { shape, data }] of Object.entries(blank)) {
    const out = new Float64Array(data.length);
    weights[name] = { shape, data: out };
    const from = base.getWeights()[name];
    if (!from) continue;
    // The axis of dModel has grown at its end.
    const [rows, columns] = [shape.at(-2)!, shape.at(-1)!];
    const [oldRows, oldColumns] = [from.shape.at(-2)!, from.shape.at(-1)!];
    Array.from(from.data).forEach((x, i) => {
      const matrix = Math.floor(i / (oldRows * oldColumns));
      const [row, column] = [Math.floor(i / oldColumns) % oldRows, i % oldColumns];
      const moved = name === 'blocks.0.attn.W_O' && column >= previous && column < previous + dVocab;
      out[(matrix * rows + row) * columns + (moved ? column - previous + dModel : column)] = x;
    });
  }
  const set = (name: string, row: number, column: number, x: number): void => {
    const { shape, data } = weights[name]!;
    (data as Float64Array)[row * shape[1]! + column] = x;
  };
  for (let t = 0; t < dVocab; t++) {
    set('blocks.0.mlp.W_in', dModel + t, t, 2);
    set('blocks.0.mlp.W_out', t, previous + t, factor / 2);
  }
  model.setWeights(weights);
  return model;
}

describe('a circuit whose keys an MLP carries', () => {
  const model = carriedByMlp();

  test('computes what the circuit without the MLP computes', () => {
    const tokens = randomTokens({ sequences: 4, length: 13 }, 9);
    const base = handBuiltInduction(engine, { dVocab: 9, nCtx: 14 });
    expect(distance(model.run(tokens).logits, base.run(tokens).logits)).toBeLessThan(1e-5);
  });

  test('has two edges, into and out of the MLP, and none past it', () => {
    const { cells, joint } = pathTable(model, { sequences: 6, seed: 1 });
    const matters = cells.filter(({ increase }) => increase.value > 0.5);
    expect(matters.map(({ source, target, input }) => `${source} ${target} ${input}`)).toEqual([
      'L0H0 L0MLP mlp',
      'L0MLP L1H0 k',
    ]);
    for (const cell of cells.filter((c) => !matters.includes(c)))
      expect(Math.abs(cell.increase.value)).toBeLessThan(1e-5);
    for (const { increase } of matters) expect(increase.value).toBeGreaterThan(2);
    expect(joint.find(({ target, input }) => target === 'L1H0' && input === 'k')!.increase.value).toBeGreaterThan(2);
    const [intoMlp, intoKeys] = matters;
    expect(intoMlp!.stripeChange.value).toBeNaN();
    expect(intoKeys!.stripeChange.value).toBeLessThan(-0.5);
    expect(intoKeys!.control).toBeNull(); // an MLP is alone
  });

  test('is restored by either edge, and by no other', () => {
    const pair = { clean: [[1, 2, 3, 1, 2]], corrupted: [[4, 2, 3, 1, 2]], queries: [3, 4] as const };
    for (const { source, target, input, effect } of pathPatching(model, pair).edges) {
      const carries = ['L0H0 L0MLP mlp', 'L0MLP L1H0 k'].includes(`${source} ${target} ${input}`);
      expect(effect.value, `${source} ${target} ${input}`).toBeCloseTo(carries ? 1 : 0, 6);
    }
  });

  test('is induction, whose keys are built by earlier layers', () => {
    const record = audit(model, { sequences: 4 });
    expect(record.verdict, record.sentence).toBe('induction');
    expect(record.followers).toEqual(['L1H0']);
    expect(record.mechanisms.lostWithoutInput!.k).toBeGreaterThan(0.5);
  });

  test('what the MLP writes scales with it', () => {
    const tokens = randomTokens({ sequences: 1, length: 9 }, 9);
    const hook = 'blocks.0.hook_mlp_out';
    const [once, thrice] = [model, carriedByMlp(3)].map(
      (m) => m.runWithCache(tokens, { names: hook }).cache.get(hook).data,
    );
    expect(
      distance(
        thrice!,
        Array.from(once!, (x) => 3 * x),
      ),
    ).toBeLessThan(1e-5);
  });
});

const SIZES = { nLayers: 2, nHeads: 2, dModel: 7, dHead: 4, nCtx: 9, dVocab: 5 };
const families = FAMILY_OPTIONS.filter(({ label }) => ['like GPT-2', 'like GPT-J', 'like Qwen 3'].includes(label));

describe.for(families.map(({ label, options }) => [label, options] as const))('%s', ([, options]) => {
  const model = randomModel(referenceEngine, { ...SIZES, ...options } as ModelOptions);
  const set = new RepeatSet(model, { sequences: 2, seed: 3, periods: [3] });
  const edges = allEdges(model.config);

  test('every part reads from all that come before it', () => {
    const labels = edges.map(edgeLabel);
    expect(new Set(labels).size).toBe(labels.length);
    expect(labels).toContain('L0MLP → L1H1 V');
    expect(labels).toContain('L0H1 → L1MLP');
    expect(labels.includes('L1H0 → L1MLP')).toBe(!options.parallelAttnMlp);
    expect(labels).not.toContain('L1MLP → L1MLP');
  });

  test.for([options.tied ? 'mean' : 'zero'] as const)(
    'attribution by %s is the slope of what is lost on the way to ablation',
    (by) => {
      const found = attributeEdges(set, { by });
      const step = 1e-4;
      for (const edge of edges) {
        const [ablation] = ablateEdges([edge], { by, set }) as [Intervention];
        const [near, far] = [step, 2 * step].map((share) => set.measured([{ ...ablation, share } as Intervention]));
        found.get(edge).forEach((slope, s) => {
          const difference = (4 * near![s]! - 3 * set.clean[s]! - far![s]!) / (2 * step);
          expect(Math.abs(slope - difference), edgeLabel(edge)).toBeLessThan(
            1e-6 * Math.max(1, Math.abs(slope)) + 1e-7,
          );
        });
      }
    },
  );

  test('integrated gradients of what an MLP reads add up to what is lost without all of it', () => {
    const target = { layer: 1, mlp: true } as const;
    const into = edgesInto([target], {
      input: 'mlp',
      sources: allParts(model.config).filter(({ layer }) => layer === 0),
    });
    const all = edges.filter((edge) => partLabel(edge.target) === 'L1MLP');
    const found = attributeEdges(set, { by: 'zero', steps: 6 });
    const lost = set.measured(ablateEdges(all, { by: 'zero' }));
    expect(into.length).toBeGreaterThan(0);
    set.clean.forEach((clean, s) => {
      const sum = all.reduce((total, edge) => total + found.get(edge)[s]!, 0);
      expect(sum).toBeCloseTo(lost[s]! - clean, 2);
    });
  });

  test('a removal is what a hook at that input does', () => {
    const tokens = set.prompts.slice(0, 1).map((prompt) => Array.from(prompt.tokens));
    const { cache } = model.runWithCache(tokens, { names: ['*.hook_mlp_out', '*.hook_result'] });
    const mlp = cache.get('blocks.0.hook_mlp_out').data;
    const got = model.runWithInterventions(tokens, [
      { kind: 'removeFromInput', layer: 1, input: 'mlp', sources: [{ layer: 0, mlp: true }] },
      { kind: 'removeFromInput', layer: 1, head: 1, input: 'q', sources: [{ layer: 0, mlp: true }] },
    ]).logits;
    const want = model.runWithHooks(tokens, [
      [
        'blocks.1.hook_mlp_in',
        ({ data }) => {
          mlp.forEach((x, i) => {
            data[i]! -= x;
          });
        },
      ],
      [
        'blocks.1.hook_q_input',
        ({ data }) => {
          mlp.forEach((x, i) => {
            data[(Math.floor(i / 7) * 2 + 1) * 7 + (i % 7)]! -= x;
          });
        },
      ],
    ]).logits;
    expect(distance(got, want)).toBeLessThan(1e-12);
    expect(distance(got, model.run(tokens).logits)).toBeGreaterThan(1e-4);
  });

  test('the parts of a logit sum to it', () => {
    const { parts, total } = logitAttribution(set);
    expect(parts.map(({ part }) => part)).toEqual(expect.arrayContaining(['L0MLP', 'L1MLP']));
    expect(parts.reduce((sum, { logit }) => sum + logit.value, 0)).toBeCloseTo(total.value, 10);
  });
});

test('means of the run are those of the whole batch, also where it runs in slices', () => {
  const options = { ...SIZES, nHeads: 3, dModel: 61, dMlp: 7, nCtx: 60, actFn: 'relu' } as const;
  const model = randomModel(engine, options);
  const tokens = randomTokens({ sequences: 500, length: 60 }, 5);
  const removal = (sources: readonly object[], mean?: number[]): Intervention =>
    ({ kind: 'removeFromInput', layer: 1, input: 'mlp', sources, by: 'mean', ...(mean ? { mean } : {}) }) as never;
  const sources = [{ layer: 0, mlp: true }];
  const whole = model.runWithCache(tokens, { names: 'blocks.0.hook_mlp_out' });
  const { data } = whole.cache.get('blocks.0.hook_mlp_out');
  const mean = Array.from({ length: 61 }, (_, i) => {
    let sum = 0;
    for (let at = i; at < data.length; at += 61) sum += data[at]!;
    return sum / (data.length / 61);
  });
  const got = model.runWithInterventions(tokens, [removal(sources)]).logits;
  expect(distance(got, model.runWithInterventions(tokens, [removal(sources, mean)]).logits)).toBeLessThan(1e-5);
});

describe('what cannot be is refused in one sentence', () => {
  const model = randomModel(referenceEngine, { ...SIZES, dMlp: 3 });
  const parallel = randomModel(referenceEngine, { ...SIZES, dMlp: 3, parallelAttnMlp: true });
  const plain = randomModel(referenceEngine, SIZES);
  const tokens = [[1, 2, 3]];
  const removal = { kind: 'removeFromInput', layer: 1, input: 'mlp', sources: [{ layer: 0, mlp: true }] } as const;
  const mlp = (layer: number): object => ({ layer, mlp: true });
  test.for<[string, Model, object, string]>([
    ['no MLPs', plain, removal, 'removeFromInput: there is no L1MLP; this model has no MLPs.'],
    ['a layer too many', model, { ...removal, layer: 2 }, 'there is no L2MLP; this model has L0MLP to L1MLP.'],
    ['a source that is not there', model, { ...removal, sources: [mlp(-1)] }, 'there is no L-1MLP'],
    ['itself', model, { ...removal, sources: [mlp(1)] }, 'L1MLP is not earlier than L1MLP'],
    ['a head beside it', parallel, { ...removal, sources: [{ layer: 1, head: 0 }] }, 'L1H0 is not earlier than L1MLP'],
    [
      'its own layer’s MLP',
      model,
      { ...removal, input: 'k', head: 0, sources: [mlp(1)] },
      'L1MLP is not earlier than L1H0',
    ],
    ['twice', model, { ...removal, sources: [mlp(0), mlp(0)] }, 'L0MLP is taken out of the input of L1MLP twice'],
    ['a head of an MLP', model, { ...removal, head: 0 }, 'unknown field "head"'],
    [
      'mlp: false',
      model,
      { ...removal, sources: [{ layer: 0, mlp: false }] },
      'interventions.0.sources.0.mlp must be true',
    ],
  ])('%s', ([, of, intervention, sentence]) => {
    expect(() => of.runWithInterventions(tokens, [intervention as Intervention])).toThrow(sentence);
  });
  test('a head before the MLP of its layer is no slip', () => {
    const own = { ...removal, sources: [{ layer: 1, head: 0 }] };
    expect(model.runWithInterventions(tokens, [own]).logits).not.toEqual(model.run(tokens).logits);
  });
});
