// What of the GPU can be told without one.
import { describe, expect, test } from 'vitest';
import { smallExperiment } from '../../test/support/smallExperiment.ts';
import { referenceEngine } from '../engine/engine.ts';
import { makeBatch } from '../tasks/makeBatch.ts';
import { initialModel } from '../training/initialize.ts';
import { findGpu, GpuError, infoOf, isSoftware } from './adapter.ts';
import { membersThatFit } from './buffers.ts';
import { writeHyper } from './hyper.ts';
import { layoutOf, parametersOf } from './layout.ts';
import { Member } from './member.ts';
import { MemberBatches } from './memberBatches.ts';
import { momentsApart, namedOf, startOf } from './memberState.ts';
import { Pace } from './pace.ts';
import { refusalOf } from './refusal.ts';
import { rulesOf } from './rules.ts';
import { trainEnsemble } from './trainEnsemble.ts';
import { tile, tileIn } from './wgsl/pieces.ts';
import { sequencesKernel } from './wgsl/sequences.ts';

const experiment = smallExperiment();

const adapterOf = (info: Partial<GPUAdapterInfo>): GPUAdapter =>
  ({
    info: { vendor: '', architecture: '', device: '', description: '', isFallbackAdapter: false, ...info },
  }) as GPUAdapter;
const hardware = adapterOf({ vendor: 'nvidia', architecture: 'hopper', description: 'NVIDIA 560.35' });

describe('an adapter', () => {
  test('is told by what it calls itself, fit for a terminal', () => {
    expect(infoOf(hardware.info)).toEqual({ adapter: 'nvidia hopper', driver: 'NVIDIA 560.35' });
    expect(infoOf(adapterOf({ description: 'a\u001b[2J' }).info).adapter).toBe('a␛[2J');
    expect(infoOf(adapterOf({}).info).adapter).toBe('unnamed');
  });

  test.each([
    [{ device: 'SwiftShader Device (Subzero)' }, true],
    [{ vendor: 'mesa', architecture: 'llvmpipe' }, true],
    [{ description: 'Microsoft Basic Render Driver' }, true],
    [{ isFallbackAdapter: true }, true],
    [{ vendor: 'intel', architecture: 'gen-12lp' }, false],
    [{ vendor: 'apple', architecture: 'metal-3' }, false],
  ])('computes on the CPU or not: %j', (info, software) => {
    expect(isSoftware(adapterOf(info).info)).toBe(software);
  });

  test('is hardware unless it was asked for, and its absence is a sentence', async () => {
    const software = async (): Promise<GPUAdapter> => adapterOf({ architecture: 'swiftshader' });
    await expect(findGpu(software)).rejects.toThrow(/^There is no GPU but swiftshader; a software adapter computes on/);
    await expect(findGpu(async () => null)).rejects.toThrow(GpuError);
    expect((await findGpu(software, { asked: true })).info.adapter).toBe('swiftshader');
    expect((await findGpu(async () => hardware)).info.adapter).toBe('nvidia hopper');
  });
});

describe('what the kernels do not have is refused', () => {
  test.each([
    [{ model: { dMlp: 8 } }, 'The GPU trains no model with MLPs (model.dMlp is 8).'],
    [
      { model: { nKeyValueHeads: 1 } },
      'The GPU trains no model with shared keys and values (model.nKeyValueHeads is 1).',
    ],
    [{ model: { normalization: 'RMS' } }, 'The GPU trains no model with RMSNorm (model.normalization is "RMS").'],
    [{ model: { qkNorm: true } }, 'The GPU trains no model with norms of queries and keys (model.qkNorm is true).'],
    [{ model: { dModel: 1028 } }, 'The GPU trains no model with a stream wider than 1024 (model.dModel is 1028).'],
    [
      { training: { competition: 1, clamps: [{ kind: 'freeze', layer: 0, head: 1 }] } },
      'The GPU holds no heads (training.clamps) while others compete (training.competition).',
    ],
    [{}, null],
  ])('%j', (changes, sentence) => {
    expect(refusalOf(smallExperiment(changes))).toBe(sentence);
  });

  test('in an ensemble by itself, before a GPU is asked for', async () => {
    const gpu = { info: { adapter: 'none', driver: '' }, open: async () => Promise.reject(new Error('not opened')) };
    const run = { engine: referenceEngine, experiment: smallExperiment({ model: { dMlp: 8 } }), seed: 1 };
    expect(await trainEnsemble(gpu, [run])).toMatchObject([{ status: 'rejected', reason: expect.any(GpuError) }]);
    expect(await trainEnsemble(gpu, [])).toEqual([]);
  });
});

test('batches are those of every pool, and losses are told as they are', () => {
  const { model, task, training } = experiment;
  const batches = new MemberBatches({ experiment, seed: 5 });
  const positions = model.nCtx - 1;
  const out = new Int32Array(2 * training.batch * positions);
  const drawn = batches.draw(3, out);
  const sizes = { batch: training.batch, dVocab: model.dVocab, length: model.nCtx };
  const { tokens } = makeBatch({ task, seed: 5, step: 3, ...sizes });
  for (const [s, sequence] of tokens.entries())
    for (let t = 0; t < positions; t++)
      expect([out[2 * (s * positions + t)], out[2 * (s * positions + t) + 1]]).toEqual([sequence[t], sequence[t + 1]]);
  expect(drawn.counted).toBe(training.batch * positions);
  const position = Float32Array.from({ length: training.batch * positions }, (_, i) => i % positions);
  const losses = batches.losses(drawn, position, Float32Array.of(9, 16));
  expect(losses).toMatchObject({ step: 3, gradientNorm: 5, loss: (positions - 1) / 2 });
  expect(losses.perPosition).toEqual(Array.from({ length: positions }, (_, t) => t));
});

test('a member starts with the weights of every other engine, and a state comes back as it went', () => {
  const { weights } = startOf(experiment, { seed: 7 });
  const want = initialModel(referenceEngine, experiment, 7).getWeights();
  const named = namedOf(experiment.model, weights);
  for (const [name, { data }] of Object.entries(want)) expect(named[name]!.data).toEqual(Float32Array.from(data));
  const state = {
    step: 2,
    seed: 7,
    weights: named,
    m: named,
    v: Object.fromEntries(
      Object.entries(named).map(([name, { shape, data }]) => [name, { shape, data: Array.from(data, Math.abs) }]),
    ),
  };
  const { moments } = startOf(experiment, { seed: 7, resume: state });
  const { m, v } = momentsApart(moments);
  expect(namedOf(experiment.model, m)).toEqual(named);
  expect(Array.from(v)).toEqual(Array.from(m, Math.abs));
});

test('a member goes as far as it is asked to, goes back to where it rested, and fails by itself where no batch can be drawn', async () => {
  const member = new Member({ engine: referenceEngine, experiment, seed: 1, threads: 1 });
  const out = new Int32Array(2 * experiment.training.batch * (experiment.model.nCtx - 1));
  const told: number[] = [];
  const step = (losses: Float32Array): void => {
    const drawn = member.draw(out)!;
    member.report(member.batches.losses(drawn, losses, new Float32Array(1)));
  };
  const losses = new Float32Array(out.length / 2).fill(2);
  const rested = member.order(1, 3, (record) => void told.push(record.step));
  step(losses);
  step(losses);
  expect([member.left, member.isThrough]).toEqual([1, false]);
  member.rewind();
  for (let i = 0; i < 3; i++) step(losses);
  expect([member.left, member.isThrough, ...told]).toEqual([0, true, 1, 2, 3]);
  member.rest();
  expect(await rested).toBe(3);
  const failed = member.order(4, 9, () => {});
  expect(member.draw(new Int32Array(0).subarray(0))).not.toBeNull();
  member.batches.draw = () => {
    throw new Error('no such sequence');
  };
  expect(member.draw(out)).toBeNull();
  expect(member.isThrough).toBe(true);
  member.rest();
  await expect(failed).rejects.toThrow('no such sequence');
});

test('what holds weights back is written beside each vec4: decay, a frozen head, one that writes nothing', () => {
  const clamps = [
    { kind: 'freeze', layer: 0, head: 1, fromStep: 3 },
    { kind: 'ablate', layer: 1, head: 2, fromStep: 2 },
  ];
  const clamped = smallExperiment({ training: { clamps, weightDecay: 0.1 } });
  const rules = rulesOf(clamped);
  const marked = (column: number, value: number): Set<string> =>
    new Set(
      parametersOf(clamped.model).all.flatMap(({ name, address, rows, width }) =>
        Array.from({ length: (rows * width) / 4 }, (_, i) => rules[address / 4 + 4 * i + column]).includes(value)
          ? [name]
          : [],
      ),
    );
  expect([...marked(1, 3)].map((name) => name.slice('blocks.0.attn.'.length))).toEqual(['W_Q', 'W_K', 'W_V', 'W_O']);
  expect([...marked(2, 2)]).toEqual(['blocks.1.attn.W_O']);
  expect(marked(0, 1)).toContain('embed.W_E');
  expect(marked(0, 1)).not.toContain('blocks.0.ln1.w');
  const frozen = rules.filter((x, i) => i % 4 === 1 && x === 3).length;
  expect(frozen).toBe(3 * 22 * 2 + 8 * 6); // a row of Q, K and V for each of 22 numbers, and 8 of W_O
});

test('a step carries its rate, corrections, scale and end of the competition', () => {
  const training = { ...experiment.training, competition: 2, competitionSteps: [1, 3] as const, clipNorm: 0.5 };
  const words = new ArrayBuffer(128);
  writeHyper(words, 1, { training, step: 3, counted: 8 });
  const floats = new Float32Array(words, 64, 12);
  expect(floats[0]).toBeCloseTo(0.003, 8); // warming up: 3 of 10 steps to 0.01
  expect([floats[2]! * (1 - 0.9 ** 3), floats[9], floats[10], floats[11]].map((x) => x!.toFixed(5))).toEqual([
    '1.00000',
    '0.50000',
    '0.12500',
    '2.00000',
  ]);
  expect([...new Uint32Array(words, 64 + 48, 2)]).toEqual([3, 2]);
  writeHyper(words, 1, null);
  expect(new Uint32Array(words, 64, 16)[13]).toBe(1);
});

test('submissions grow to a tenth of a second', () => {
  const pace = new Pace();
  expect(pace.steps).toBe(1);
  pace.through(1, 0, 10);
  expect(pace.steps).toBe(10);
  pace.through(10, 0, 110); // began when the one before was through
  expect(pace.steps).toBe(10);
  pace.through(10, 110, 2110);
  expect(pace.steps).toBe(1);
});

test('the tile lies in the workgroup where that is large enough, else in scratch', () => {
  expect(tileIn(`a = ${tile('f(i) * 2u')} + ${tile('j')};`, 'workgroup')).toBe('a = tile[f(i) * 2u] + tile[j];');
  expect(tileIn(`${tile('(j)')}`, { start: 5 })).toBe('scratch[S0 + 5u + ((j))]');
  const layout = layoutOf(experiment.model, 7);
  expect(sequencesKernel(layout, 16384).code).toContain('var<workgroup> tile');
  expect(sequencesKernel(layout, 4096).code).not.toContain('tile[');
});

test('as many members fit as the largest of their buffers allows', () => {
  const layout = layoutOf(experiment.model, 7);
  const limits = (bytes: number): GPUSupportedLimits =>
    ({
      maxBufferSize: 1e9,
      maxStorageBufferBindingSize: bytes,
      maxComputeWorkgroupsPerDimension: 65535,
    }) as GPUSupportedLimits;
  const scratch = 16 * layout.groups * layout.scratch4;
  expect(membersThatFit(layout, limits(3 * scratch))).toBe(3);
  expect(membersThatFit(layout, limits(3 * scratch - 1))).toBe(2);
});
