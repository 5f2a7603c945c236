// What a worker of a page does with its GPU: trains two seeds as an ensemble, loses the device in the middle, and answers.
import { parseExperiment, referenceEngine } from '@induction-lab/core';
import { openBrowserGpu, trainEnsemble } from '@induction-lab/core/gpu';

export interface GpuAnswer {
  readonly adapter?: string;
  /** Steps that the first run told of, and weights of each run by name. */
  readonly steps?: readonly number[];
  readonly weights?: readonly Record<string, readonly number[]>[];
  readonly error?: string;
}

addEventListener('message', ({ data }: MessageEvent<{ json: object; seeds: readonly number[] }>) => {
  train(data).then(postMessage, (error: Error) => postMessage({ error: error.message }));
});

async function train({ json, seeds }: { json: object; seeds: readonly number[] }): Promise<GpuAnswer> {
  const experiment = parseExperiment(json);
  const found = await openBrowserGpu({ software: true });
  const devices: GPUDevice[] = [];
  const gpu = {
    info: found.info,
    open: async () => {
      devices.push(await found.open());
      return devices.at(-1)!;
    },
  };
  const steps: number[] = [];
  const onStep = ({ step }: { step: number }): void => {
    steps.push(step);
    if (step === 4) devices.at(-1)!.destroy();
  };
  const runs = seeds.map((seed, i) => ({
    ...{ engine: referenceEngine, experiment, seed, pauseAt: [3] },
    ...(i === 0 ? { observer: { onStep } } : {}),
  }));
  const results = await trainEnsemble(gpu, runs);
  const weights = results.map((result) => {
    if (result.status === 'rejected') throw result.reason;
    return Object.fromEntries(Object.entries(result.value.weights).map(([name, { data }]) => [name, Array.from(data)]));
  });
  return { adapter: found.info.adapter, steps, weights };
}
