// As esbuild and Rollup need it: kernels are imported as files, and threads are entries of their own.
import * as library from '@induction-lab/core/browser';
import relaxed from '@induction-lab/core/kernels/relaxed.wasm';
import simd from '@induction-lab/core/kernels/simd.wasm';
import preset from '@induction-lab/core/presets/varied.json';
import { tell, trainAndAudit } from './experiment.js';

const beside = (path) => new URL(path, import.meta.url);

tell(postMessage, async () => {
  const engine = await library.loadEngine({
    exact: true,
    threads: 2,
    wasmUrl: (build) => beside(build === 'simd' ? simd : relaxed),
    helperUrl: beside('./browserHelper.js'),
  });
  const startPool = library.startWorkers({ workerUrl: beside('./browserWorker.js') });
  return trainAndAudit(library, preset, { engine, threads: 2, startPool });
});
