// What esbuild makes of this has no kernels beside it.
import { loadEngine } from '@induction-lab/core/browser';
import { tell } from './experiment.js';

tell(postMessage, () => loadEngine());
