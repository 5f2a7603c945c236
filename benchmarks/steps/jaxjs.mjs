// The reference step in jax-js on one thread under Node, as a child of run.mjs (protocol: competitor.mjs).
import { createStep } from './jaxjsStep.mjs';
import { serve } from './serve.mjs';

await serve(async (cell) => ({ version: cell.version, build: 'wasm, one thread', step: await createStep(cell) }));
