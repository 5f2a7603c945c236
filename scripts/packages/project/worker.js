// As Vite and webpack take it: they find kernels and threads by themselves.
import * as library from '@induction-lab/core/browser';
import preset from '@induction-lab/core/presets/varied.json';
import { tell, trainAndAudit } from './experiment.js';

tell(postMessage, async () => {
  const engine = await library.loadEngine({ exact: true, threads: 2 });
  return trainAndAudit(library, preset, { engine, threads: 2, startPool: library.startWorkers() });
});
