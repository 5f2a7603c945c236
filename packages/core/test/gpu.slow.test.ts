// The kernels of the GPU at the sizes of the presets and with every part that a model may have, on a software adapter.
import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, type TestContext, test } from 'vitest';
import { referenceEngine } from '../src/engine/engine.ts';
import { GpuEnsemble } from '../src/gpu/ensemble.ts';
import { gradientErrors } from '../src/gpu/gradientCheck.ts';
import { type Layout, layoutOf } from '../src/gpu/layout.ts';
import { MemberBatches } from '../src/gpu/memberBatches.ts';
import { startOf } from '../src/gpu/memberState.ts';
import { GpuTrainer } from '../src/gpu/trainer.ts';
import { type Experiment, type NamedWeights, parseExperiment, startInline, train } from '../src/index.ts';
import { distance } from './support/golden.ts';
import { smallExperiment } from './support/smallExperiment.ts';
import { HINT, type SoftwareGpu, softwareGpu } from './support/softwareGpu.ts';

const engine = referenceEngine;
const presets = new URL('../presets/', import.meta.url);

/** A preset with a batch that the float64 reference can afford. */
function preset(name: string): Experiment {
  const json = JSON.parse(readFileSync(new URL(name, presets), 'utf8'));
  return parseExperiment({ ...json, training: { ...json.training, batch: 16 } });
}

let gpu: SoftwareGpu | null = null;
beforeAll(async () => {
  gpu = await softwareGpu();
});
afterAll(() => gpu?.lose());
const needed = (context: TestContext): void => void (gpu === null && context.skip(HINT));

async function worstGradient(
  experiment: Experiment,
  change: (layout: Layout) => Layout = (layout) => layout,
): Promise<number> {
  const { model, training } = experiment;
  const layout = change(layoutOf(model, training.batch));
  const trainer = await GpuTrainer.create(await gpu!.open(), { layout, members: 1, clips: false, competes: false });
  const batch = new Int32Array(2 * training.batch * (model.nCtx - 1));
  const { counted } = new MemberBatches({ experiment, seed: 1 }).draw(1, batch);
  const { weights } = startOf(experiment, { seed: 1 });
  const errors = await gradientErrors(trainer, engine, { experiment, weights, batch, counted });
  trainer.destroy();
  return Math.max(...Object.values(errors));
}

describe('every gradient is that of the float64 reference within 2e-6', () => {
  test.each(readdirSync(presets))('of the preset %s', async (name) => {
    if (gpu !== null) expect(await worstGradient(preset(name))).toBeLessThan(2e-6);
  });

  const SIZES = { nHeads: 3, dModel: 22, dHead: 6, nCtx: 19, dVocab: 17 };
  test.each([
    ['tied, with biases', { tied: true, biases: true, positions: 'standard' }],
    ['no normalisation, no positions', { normalization: null, positions: 'none' }],
    ['no normalisation, tied, shortformer', { normalization: null, tied: true }],
    ['sinusoidal', { positions: 'sinusoidal' }],
    ['ALiBi', { positions: 'alibi' }],
    ['rotary, some dimensions, neighbours turned', { positions: 'rotary', rotaryDim: 4, rotaryAdjacentPairs: true }],
    ['three layers, one head', { nLayers: 3, nHeads: 1 }],
    ['a stream wider than the workgroup has lanes', { nLayers: 1, dModel: 300, dVocab: 5 }],
  ])('of a model with odd sizes: %s', async (_, model) => {
    if (gpu === null) return;
    const experiment = smallExperiment({
      model: { ...SIZES, ...model },
      task: { periods: [4, 8] },
      training: { batch: 3 },
    });
    expect(await worstGradient(experiment)).toBeLessThan(2e-6);
  });

  test('where the tile has no room in the workgroup', async (context) => {
    needed(context);
    const experiment = smallExperiment({
      model: { nCtx: 90, dVocab: 66 },
      task: { periods: [20, 40] },
      training: { batch: 2 },
    });
    const large = (layout: Layout): Layout => ({ ...layout, tile4: 1 << 16 }); // more than any workgroup has
    expect(await worstGradient(experiment, large)).toBeLessThan(2e-6);
  });

  test('of data, some sequences shorter than others, with a start token, on what is predictable', async (context) => {
    needed(context);
    const experiment = smallExperiment({
      task: { bos: true },
      model: { dVocab: 18 },
      training: { lossOn: 'predictable' },
    });
    expect(await worstGradient(experiment)).toBeLessThan(2e-6);
  });
});

const worst = (got: NamedWeights, want: NamedWeights): number =>
  Math.max(...Object.keys(want).map((name) => distance(got[name]!.data, want[name]!.data)));

async function trained(
  experiment: Experiment,
  change: (code: string) => string = (code) => code,
): Promise<NamedWeights> {
  const ensemble = await GpuEnsemble.start(gpu!, { engine, experiments: [experiment], change });
  return (await train({ engine, experiment, seed: 1, threads: 1, startPool: ensemble.member(0) })).weights;
}

describe('a run on the GPU', () => {
  test.each([
    ['shortformer', {}],
    ['rotary', { positions: 'rotary', biases: true, tied: true }],
    ['standard, no normalisation', { positions: 'standard', normalization: null }],
  ])('has the same bits with its invocations in the other order, or a barrier is missing: %s', async (_, model) => {
    if (gpu === null) return;
    const experiment = smallExperiment({
      model: { nHeads: 2, ...model },
      training: { steps: 5, batch: 5, warmupSteps: 0, competition: 2, clipNorm: 1 },
    });
    const reversed = (code: string): string =>
      code.replace(
        'local_invocation_index) index: u32) {',
        'local_invocation_index) own: u32) {\n  let index = 255u - own;',
      );
    expect(await trained(experiment, reversed)).toEqual(await trained(experiment));
  });

  test('holds heads as the CPU does: frozen from a step on, and silenced', async (context) => {
    needed(context);
    const clamps = [
      { kind: 'freeze', layer: 0, head: 1, fromStep: 3 },
      { kind: 'ablate', layer: 1, head: 2, fromStep: 2 },
      { kind: 'ablate', layer: 0, head: 0, fromStep: 1 },
    ];
    const experiment = smallExperiment({ training: { steps: 5, batch: 4, warmupSteps: 0, clamps } });
    const want = await train({ engine, experiment, seed: 1, threads: 1, startPool: startInline() });
    expect(worst(await trained(experiment), want.weights)).toBeLessThan(2e-5);
  });

  test('goes on from its last pause when the device is lost, with the same bits, and tells of no step twice', async (context) => {
    needed(context);
    const experiment = smallExperiment({ training: { steps: 12, batch: 4, warmupSteps: 0 } });
    const want = await trained(experiment);
    const ensemble = await GpuEnsemble.start(gpu!, { engine, experiments: [experiment] });
    const steps: number[] = [];
    const onStep = ({ step }: { step: number }): void => {
      steps.push(step);
      if (step === 7) gpu!.lose();
    };
    const startPool = ensemble.member(0);
    const outcome = await train({
      engine,
      experiment,
      seed: 1,
      threads: 1,
      startPool,
      observer: { onStep },
      pauseAt: [5],
    });
    expect(steps).toEqual(Array.from({ length: 12 }, (_, i) => i + 1));
    expect(outcome.weights).toEqual(want);
  });
});
