// The forward pass of forward.mjs in induction-lab, as a child (protocol: competitor.mjs).
import { loadEngine, Model, modelConfig } from '../../packages/core/dist/node.js';
import { serve } from './serve.mjs';
import { drawWeights, SMOLLM2, tokensFor } from './smolLm2.mjs';

await serve(async ({ threads, sequences, length }) => {
  const engine = await loadEngine({ threads });
  const model = new Model(engine, modelConfig(SMOLLM2));
  model.setWeights(drawWeights(model));
  const tokens = tokensFor(sequences, length);
  const step = () => {
    const { lossPerPosition } = model.run(tokens);
    return lossPerPosition.reduce((sum, loss) => sum + loss, 0) / lossPerPosition.length;
  };
  return { version: 'this checkout', build: engine.backend, step };
});
