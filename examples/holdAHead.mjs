// Train `varied` twice with the same seed: free, and with the head that builds the keys held silent from the start.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { evaluateCircuit, loadEngine, Model, parseExperiment, startWorkers, train } from '@induction-lab/core/node';

const preset = JSON.parse(
  readFileSync(createRequire(import.meta.url).resolve('@induction-lab/core/presets/varied.json'), 'utf8'),
);
const engine = await loadEngine();

async function builders(clamps) {
  const experiment = parseExperiment({ ...preset, training: { ...preset.training, steps: 250, clamps } });
  const { weights } = await train({ engine, experiment, seed: 1, threads: 2, startPool: startWorkers() });
  const model = new Model(engine, experiment.model);
  model.setWeights(weights);
  const circuit = evaluateCircuit(model, { sequences: 48 });
  console.log(circuit.verdict, circuit.heads.map(({ label, role }) => `${label} (${role})`).join(', '));
  return circuit.heads.filter(({ role }) => role === 'previous-token head').map(({ label }) => label);
}

const found = await builders([]);
await builders(found.map((label) => ({ kind: 'ablate', layer: 0, head: Number(label.at(-1)) })));
