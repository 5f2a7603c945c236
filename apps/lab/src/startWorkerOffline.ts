import OfflineWorker from './worker/labWorker.ts?worker&inline';

/** Starts a worker of the lab, from the page itself: a page in a local folder may load no other file. */
export const startWorker = (name = 'training'): Worker => new OfflineWorker({ name });
