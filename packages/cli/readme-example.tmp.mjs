import { audit, evaluateCircuit, loadEngine, Model, parseExperiment, startWorkers, train, withSteps } from '@induction-lab/core/node';
import varied from '@induction-lab/core/presets/varied.json' with { type: 'json' };

const engine = await loadEngine();
const experiment = withSteps(parseExperiment(varied), 250);
const { weights } = await train({ engine, experiment, seed: 1, threads: 2, startPool: startWorkers() });
const model = new Model(engine, experiment.model);
model.setWeights(weights);
console.log(audit(model).verdict, evaluateCircuit(model).sentence);
console.log(model.runWithCache([[3, 1, 4, 1, 5, 9, 2, 6]]).cache.names);
