import OfflineWorker from './worker/labWorker.ts?worker&inline';

/** Starts the worker that trains, from the page itself: a page in a local folder may load no other file. */
export const startWorker = (): Worker => new OfflineWorker({ name: 'training' });
