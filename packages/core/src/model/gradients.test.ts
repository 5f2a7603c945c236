// The float64 model's backward pass against finite differences of its own loss: along a random direction through each
// weight and, with a hook that adds to it, each activation. A wrong gradient is orthogonal to no random direction.
import { describe, expect, test } from 'vitest';
import { direction, FAMILY_OPTIONS, POSITION_OPTIONS, randomModel, randomTokens } from '../../test/support/models.ts';
import { referenceEngine } from '../engine/engine.ts';
import { headWeight } from './heads.ts';
import type { Hook, Model, RunResult } from './model.ts';
import { learnedWeights } from './parameters.ts';

const SIZES = { nHeads: 3, dModel: 11, dHead: 5, nCtx: 17, dVocab: 13, nLayers: 2 };
const tokens = randomTokens({ sequences: 2, length: 7 }, SIZES.dVocab);

/** Step of central differences: small against h² times a third derivative, large against rounding 1e-16 / h. */
const STEP = 1e-5;
/** Relative to the slope, and absolutely where the true slope is 0 or directions happen to cancel. */
const TOLERANCE = { relative: 1e-6, absolute: 1e-9 };

const cases = POSITION_OPTIONS.flatMap(({ label, options }, i) =>
  (['LN', null] as const).map((normalization, j) => ({
    label: `${label}, ${normalization ?? 'no LN'}`,
    // Biases and tied embeddings alternate, so that each meets every other choice but not all at once.
    options: { ...SIZES, ...options, normalization, biases: (i + j) % 2 === 0, tied: i % 4 < 2, attnScale: 1.7 },
  })),
);

cases.push(
  ...FAMILY_OPTIONS.map(({ label, options }) => ({
    label,
    options: { ...SIZES, attnScale: 1.7, ...options } as never,
  })),
);

const meanLoss = ({ lossPerPosition }: RunResult): number =>
  [...lossPerPosition].reduce((sum, loss) => sum + loss, 0) / lossPerPosition.length;

function expectSlope(
  gradient: ArrayLike<number>,
  along: Float64Array,
  lossAt: (distance: number) => number,
  name: string,
): void {
  const got = along.reduce((sum, d, i) => sum + d * gradient[i]!, 0);
  const want = (lossAt(STEP) - lossAt(-STEP)) / (2 * STEP);
  expect(Math.abs(got - want), `${name}: ${got} for ${want}`).toBeLessThan(
    TOLERANCE.relative * Math.abs(want) + TOLERANCE.absolute,
  );
}

/** The mean loss when `along` times a distance has been added to a weight, which is put back. */
function lossWithWeight(model: Model, name: string, along: Float64Array): (distance: number) => number {
  const { shape, data } = model.getWeights()[name]!;
  return (distance) => {
    model.setWeights({ [name]: { shape, data: along.map((d, i) => data[i]! + distance * d) } });
    const loss = meanLoss(model.run(tokens));
    model.setWeights({ [name]: { shape, data } });
    return loss;
  };
}

/** The mean loss when `along` times a distance has been added to an activation. */
const lossWithHook =
  (model: Model, name: string, along: Float64Array) =>
  (distance: number): number =>
    meanLoss(
      model.runWithHooks(tokens, [
        [
          name,
          (activation) => {
            activation.data.forEach((x, i) => {
              activation.data[i] = x + distance * along[i]!;
            });
          },
        ],
      ]),
    );

describe.for(cases)('$label', ({ options }) => {
  const model = randomModel(referenceEngine, options);
  const run = model.runWithGradients(tokens, { names: '**' });

  test('the gradient of each learned weight is the slope of the mean loss, and fixed tables have none', () => {
    for (const [name, { data }] of Object.entries(model.getWeights())) {
      const gradient = run.gradients[name]!.data;
      if (!learnedWeights(model.config).includes(name)) {
        expect(Math.hypot(...Array.from(gradient)), name).toBe(0);
        continue;
      }
      const along = direction(data.length, name.length);
      expectSlope(gradient, along, lossWithWeight(model, name, along), name);
    }
  });

  test('the gradient at each hook point is the slope of the mean loss when a hook adds to it', () => {
    const { activationGradients } = run;
    for (const name of activationGradients.names) {
      const { data } = activationGradients.get(name);
      const along = direction(data.length, name.length);
      expectSlope(data, along, lossWithHook(model, name, along), name);
    }
  });

  test('single elements of weights and activations have their own slopes', () => {
    const [name, hook] = [headWeight(model.config, { layer: 0, head: 0 }, 'K').name, 'blocks.1.attn.hook_pattern'];
    const { data } = model.getWeights()[name]!;
    for (const element of [0, 37, data.length - 1]) {
      const along = new Float64Array(data.length);
      along[element] = 1;
      expectSlope(run.gradients[name]!.data, along, lossWithWeight(model, name, along), `${name}[${element}]`);
    }
    // [batch 1, head 2, query 4, key 3], and key 5, which query 4 does not see.
    for (const key of [3, 5]) {
      const { data: gradient } = run.activationGradients.get(hook);
      const along = new Float64Array(gradient.length);
      along[((1 * 3 + 2) * 7 + 4) * 7 + key] = 1;
      expectSlope(gradient, along, lossWithHook(model, hook, along), `${hook} at key ${key}`);
    }
  });
});

describe('gradients of chosen queries', () => {
  const model = randomModel(referenceEngine, { ...SIZES, biases: true });
  const names = ['blocks.0.hook_v_input', 'blocks.1.attn.hook_z'];
  const [from, to] = [2, 5];

  /** Mean loss over the chosen queries of every sequence. */
  const chosenLoss = ({ lossPerPosition }: RunResult): number => {
    const chosen = [...lossPerPosition].filter((_, i) => i % 6 >= from && i % 6 < to);
    expect(chosen).toHaveLength(tokens.length * (to - from));
    return chosen.reduce((a, b) => a + b, 0) / chosen.length;
  };

  test('are the slopes of the mean loss over those queries, and losses are reported of all', () => {
    const run = model.runWithGradients(tokens, { names, queries: [from, to] });
    expect(run.lossPerPosition).toEqual(model.run(tokens).lossPerPosition);
    for (const name of ['embed.W_E', 'blocks.0.attn.W_Q', 'blocks.1.attn.b_V', 'unembed.W_U']) {
      const { shape, data } = model.getWeights()[name]!;
      const along = direction(data.length, name.length);
      const lossAt = (distance: number): number => {
        model.setWeights({ [name]: { shape, data: along.map((d, i) => data[i]! + distance * d) } });
        const loss = chosenLoss(model.run(tokens));
        model.setWeights({ [name]: { shape, data } });
        return loss;
      };
      expectSlope(run.gradients[name]!.data, along, lossAt, name);
    }
    for (const name of names) {
      const { data } = run.activationGradients.get(name);
      const along = direction(data.length, name.length);
      const add = (distance: number): Hook => {
        return (activation) => {
          activation.data = activation.data.map((x, i) => x + distance * along[i]!);
        };
      };
      const lossAt = (distance: number): number => chosenLoss(model.runWithHooks(tokens, [[name, add(distance)]]));
      expectSlope(data, along, lossAt, name);
    }
  });

  test('nothing after the last of them has one', () => {
    const { activationGradients } = model.runWithGradients(tokens, { names, queries: [from, to] });
    const { data, shape } = activationGradients.get('blocks.1.attn.hook_z');
    const position = (i: number): number => Math.floor(i / (shape[2]! * shape[3]!)) % shape[1]!;
    data.forEach((x, i) => void (position(i) >= to && expect(x).toBe(0)));
    expect(data.some((x, i) => position(i) === to - 1 && x !== 0)).toBe(true);
  });

  test('of all queries they are those of the mean loss', () => {
    const all = model.runWithGradients(tokens, { names, queries: [0, 6] });
    const byDefault = model.runWithGradients(tokens, { names });
    expect(all.gradients).toEqual(byDefault.gradients);
    for (const name of names)
      expect(all.activationGradients.get(name).data).toEqual(byDefault.activationGradients.get(name).data);
  });

  test('queries without a next token, or none at all, are refused', () => {
    for (const queries of [
      [0, 7],
      [-1, 3],
      [4, 4],
      [5, 3],
    ] as const)
      expect(() => model.runWithGradients(tokens, { queries })).toThrow(
        `runWithGradients: queries [${queries}] must lie within [0, 6), where a sequence has a next token.`,
      );
  });
});
