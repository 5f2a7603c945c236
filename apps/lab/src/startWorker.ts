/** Starts a worker of the lab: the one that trains, or by another name another one (worker/labWorker.ts). */
export const startWorker = (name = 'training'): Worker =>
  new Worker(new URL('./worker/labWorker.ts', import.meta.url), { type: 'module', name });
