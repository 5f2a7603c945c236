// A page with a worker, in which the library computes: bundlers find the worker by this expression.
const worker = new Worker(new URL('./worker.js', import.meta.url), { type: 'module' });
worker.onmessage = ({ data }) => {
  globalThis.outcome = data;
};
worker.onerror = (event) => {
  globalThis.outcome = { error: event.message || 'the worker did not load' };
};
