// Clamped heads in training runs of odd sizes, in the calling thread; packages/core/test/training.test.ts has threads.
import { describe, expect, test } from 'vitest';
import { hashWeights } from '../../test/support/hash.ts';
import { smallExperiment } from '../../test/support/smallExperiment.ts';
import { referenceEngine } from '../engine/engine.ts';
import { Model } from '../model/model.ts';
import { type NamedWeights, Parameters } from '../model/parameters.ts';
import { loadEngine } from '../node.ts';
import { makeBatch } from '../tasks/makeBatch.ts';
import type { Clamp } from './clamps.ts';
import { eachRow, headMatrices } from './headMatrices.ts';
import { initialize } from './initialize.ts';
import { startInline } from './parallel/inlinePool.ts';
import { train } from './train.ts';
import type { TrainingState } from './trainingState.ts';
import type { StepRecord } from './trainLoop.ts';

const engine = await loadEngine({ exact: true });
const STEPS = 20;
const FROM = 9;
const MATRICES = ['W_Q', 'W_K', 'W_V', 'W_O'] as const;
const { model: config } = smallExperiment();

interface Run {
  /** Weights after so many steps. */
  readonly at: Readonly<Record<number, NamedWeights>>;
  readonly states: Readonly<Record<number, TrainingState>>;
  readonly records: readonly StepRecord[];
}

async function run(
  clamps: readonly Clamp[],
  options: { competition?: number; resume?: TrainingState } = {},
): Promise<Run> {
  const { competition = 0, resume } = options;
  const states: Record<number, TrainingState> = {};
  const records: StepRecord[] = [];
  await train({
    engine,
    experiment: smallExperiment({ training: { steps: STEPS, clamps, competition } }),
    seed: 4,
    threads: 1,
    startPool: startInline(),
    pauseAt: Array.from({ length: STEPS }, (_, i) => i + 1),
    observer: {
      onPause: (pause) => {
        states[pause.step] = pause.state();
      },
      onStep: (record) => records.push(record),
    },
    ...(resume ? { resume } : {}),
  });
  const at = Object.fromEntries(Object.entries(states).map(([step, { weights }]) => [step, weights]));
  return { at, states, records };
}

/** One head's part of a weight, whose first axis is the head. */
function ofHead(weights: NamedWeights, layer: number, head: number, matrix: string): number[] {
  const { data } = weights[`blocks.${layer}.attn.${matrix}`]!;
  const size = data.length / config.nHeads;
  return Array.from(data).slice(head * size, (head + 1) * size);
}

const changes = ({ at }: Run, from: number, to: number, [layer, head]: readonly [number, number]): boolean[] =>
  MATRICES.map((m) => ofHead(at[from]!, layer, head, m).join() !== ofHead(at[to]!, layer, head, m).join());
const ALL = [true, true, true, true];
const NONE = [false, false, false, false];

test('the four matrices of a head are its own: W_Q, W_K, W_V, W_O in this order, every row of them and nothing else', () => {
  const weights = new Parameters(config, referenceEngine.createArena());
  initialize(config, weights, { seed: 1, std: 0.1 });
  const before = Object.fromEntries(weights.all.map((t) => [t.name, t.toArray().slice()]));
  headMatrices(config, weights, { layer: 1, head: 2 }).forEach((matrix, i) => {
    eachRow(matrix, (row) => void row.fill(i + 1));
  });
  for (const tensor of weights.all) {
    const [, layer, matrix] = /^blocks\.(\d)\.attn\.(W_[QKVO])$/.exec(tensor.name) ?? [];
    const values = tensor.toArray();
    const size = values.length / config.nHeads;
    values.forEach((x, i) => {
      const own = layer === '1' && Math.floor(i / size) === 2;
      expect(x).toBe(own ? MATRICES.indexOf(matrix as (typeof MATRICES)[number]) + 1 : before[tensor.name]![i]);
    });
  }
});

describe('a frozen head', async () => {
  const clamp: Clamp = { kind: 'freeze', layer: 1, head: 2, fromStep: FROM };
  const frozen = await run([clamp]);

  test('learns before its step, and keeps all four matrices to the bit from the step before it to the end', () => {
    expect(changes(frozen, 0, FROM - 1, [1, 2])).toEqual(ALL);
    expect(changes(frozen, FROM - 2, FROM - 1, [1, 2])).toEqual(ALL);
    for (let step = FROM; step <= STEPS; step++) expect(changes(frozen, FROM - 1, step, [1, 2])).toEqual(NONE);
  });

  test('leaves all others to learn, in its layer and elsewhere, and everything that is no head', () => {
    for (const head of [
      [1, 0],
      [1, 1],
      [0, 2],
    ] as const)
      expect(changes(frozen, FROM - 1, STEPS, head)).toEqual(ALL);
    for (const name of ['embed.W_E', 'unembed.W_U', 'blocks.1.ln1.w'])
      expect(Array.from(frozen.at[STEPS]![name]!.data)).not.toEqual(Array.from(frozen.at[FROM - 1]![name]!.data));
  });

  test('changes nothing of the run before its step', async () => {
    const free = await run([]);
    expect(hashWeights(frozen.at[FROM - 1]!)).toBe(hashWeights(free.at[FROM - 1]!));
    expect(hashWeights(frozen.at[FROM]!)).not.toBe(hashWeights(free.at[FROM]!));
  });

  test('from the first step on stays as it was drawn, also while heads compete', async () => {
    for (const competition of [0, 3])
      expect(changes(await run([{ ...clamp, fromStep: 1 }], { competition }), 0, STEPS, [1, 2])).toEqual(NONE);
  });
});

describe('an ablated head', async () => {
  const clamp: Clamp = { kind: 'ablate', layer: 0, head: 1, fromStep: FROM };
  const ablated = await run([clamp]);

  test('writes until its step, and has a W_O of zeros from then on', () => {
    for (let step = 0; step <= STEPS; step++) {
      const silent = ofHead(ablated.at[step]!, 0, 1, 'W_O').every((x) => x === 0);
      expect(silent, `after step ${step}`).toBe(step >= FROM - 1);
    }
  });

  test('leaves all others to learn', () => {
    for (const head of [
      [0, 0],
      [0, 2],
      [1, 1],
    ] as const)
      expect(changes(ablated, FROM - 1, STEPS, head)).toEqual(ALL);
  });

  test('is silent already in the loss that its step reports', async () => {
    const { model, task, training } = smallExperiment();
    const free = await run([]);
    const before = free.at[FROM - 1]!;
    const name = 'blocks.0.attn.W_O';
    const { shape, data } = before[name]!;
    const size = data.length / config.nHeads;
    const silenced = Array.from(data, (x, i) => (Math.floor(i / size) === 1 ? 0 : x));
    const { tokens } = makeBatch({
      task,
      seed: 4,
      step: FROM,
      batch: training.batch,
      dVocab: model.dVocab,
      length: model.nCtx,
    });
    const meanLoss = (weights: NamedWeights): number => {
      const fresh = new Model(engine, model);
      fresh.setWeights(weights);
      const { lossPerPosition } = fresh.run(tokens);
      return [...lossPerPosition].reduce((a, b) => a + b, 0) / lossPerPosition.length;
    };
    const lossAt = (r: Run, step: number): number => r.records.find((record) => record.step === step)!.loss;
    expect(lossAt(ablated, FROM)).toBeCloseTo(meanLoss({ ...before, [name]: { shape, data: silenced } }), 5);
    expect(lossAt(free, FROM)).toBeCloseTo(meanLoss(before), 5);
    expect(Math.abs(lossAt(ablated, FROM) - lossAt(free, FROM))).toBeGreaterThan(1e-4);
    expect(lossAt(ablated, FROM - 1)).toBe(lossAt(free, FROM - 1));
  });

  test('from the first step on never writes at all', async () => {
    const never = await run([{ ...clamp, fromStep: 1 }]);
    for (const step of [0, 1, STEPS]) expect(ofHead(never.at[step]!, 0, 1, 'W_O').every((x) => x === 0)).toBe(true);
  });
});

test('a clamped run resumed before, at or after a clamp’s step ends with the bits of the run that was never stopped', async () => {
  const clamps: Clamp[] = [
    { kind: 'freeze', layer: 1, head: 2, fromStep: FROM },
    { kind: 'ablate', layer: 0, head: 1, fromStep: FROM + 3 },
  ];
  const whole = await run(clamps);
  for (const step of [FROM - 2, FROM - 1, FROM, FROM + 2, FROM + 5]) {
    const resumed = await run(clamps, { resume: whole.states[step]! });
    expect(hashWeights(resumed.at[STEPS]!), `resumed after step ${step}`).toBe(hashWeights(whole.at[STEPS]!));
  }
});
