// The same under Node: every browser must give these bits.
import * as library from '@induction-lab/core/node';
import preset from '@induction-lab/core/presets/varied.json' with { type: 'json' };
import { tell, trainAndAudit } from './experiment.js';

tell(
  (outcome) => console.log(JSON.stringify(outcome)),
  async () => {
    const engine = await library.loadEngine({ exact: true, threads: 2 });
    const outcome = await trainAndAudit(library, preset, { engine, threads: 2, startPool: library.startWorkers() });
    engine.helpers.close();
    return outcome;
  },
);
