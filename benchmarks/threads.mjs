// How a training step's time changes with threads: node benchmarks/threads.mjs [--batch 64] [--rounds 9]. Bursts of steps on one
// and on two threads take turns, so that whatever else the machine does meets both; the ratio is the median over rounds.
import { parseArgs } from 'node:util';
import { loadEngine, parseExperiment, startWorkers } from '../packages/core/dist/node.js';
import { referenceExperiment } from './experiment.mjs';
import { median } from './race.mjs';

const STEPS = 60;
const { values } = parseArgs({
  options: { batch: { type: 'string', default: '64' }, rounds: { type: 'string', default: '9' } },
});
const engine = await loadEngine();
for (const layerNorm of [true, false]) {
  const experiment = parseExperiment(referenceExperiment({ batch: Number(values.batch), dModel: 64, layerNorm }));
  const pools = [];
  for (const threads of [1, 2]) pools.push(await startWorkers()({ engine, experiment, seed: 0, threads }));
  const times = pools.map(() => []);
  for (let round = -1; round < Number(values.rounds); round++)
    for (const [i, pool] of pools.entries()) {
      const start = performance.now();
      await pool.run(1 + (round + 1) * STEPS, (round + 2) * STEPS, () => {});
      if (round >= 0) times[i].push((performance.now() - start) / STEPS);
    }
  for (const pool of pools) await pool.close();
  const ratio = median(times[0].map((one, i) => one / times[1][i]));
  console.log(
    `${layerNorm ? 'with' : 'without'} LayerNorm: ${median(times[0]).toFixed(2)} ms on one thread, ${median(times[1]).toFixed(2)} ms on two: × ${ratio.toFixed(2)}`,
  );
}
