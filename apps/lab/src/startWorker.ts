/** Starts the worker that trains. */
export const startWorker = (): Worker =>
  new Worker(new URL('./worker/labWorker.ts', import.meta.url), { type: 'module', name: 'training' });
