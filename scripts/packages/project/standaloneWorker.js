// The one file in a worker, with threads.
import { tell, trainAndAudit } from './experiment.js';
import * as library from './standalone.js';

tell(postMessage, async () => {
  const preset = await (await fetch('./varied.json')).json();
  const engine = await library.loadEngine({ exact: true, threads: 2 });
  return trainAndAudit(library, preset, { engine, threads: 2, startPool: library.startWorkers() });
});
