// The part of the worker that is fetched when the first view has been shown, so that later no network is needed.

import { notFetched, orNotFetched } from '../notFetched.ts';
import type { KeptRuns } from './keptRuns.ts';

export type Later = typeof import('./onRequest.ts');
export type OnGpu = typeof import('./onGpu.ts');

let found: Promise<Later> | null = null;

/** Fetches it, or gives what has been fetched. Throws an Error that says what to do where it cannot be had. */
export function later(): Promise<Later> {
  found ??= import('./onRequest.ts').catch((error: Error) => {
    found = null; // the network may be back at the next try
    throw notFetched(error);
  });
  return found;
}

/** Fetches what trains on a GPU, which nobody loads who does not choose one. Throws as `later` does. */
export const onGpu = (): Promise<OnGpu> => orNotFetched(import('./onGpu.ts'));

/** Lets a script that is fetched for it serve the page; what the page says meanwhile waits. */
export function serveFetched(fetched: () => Promise<{ serve(): (event: MessageEvent) => void }>): void {
  const serving = fetched().then(
    ({ serve }) => serve(),
    (error: Error) => {
      setTimeout(() => {
        throw notFetched(error); // the page is told that the worker died, and why
      });
      return () => {};
    },
  );
  globalThis.onmessage = (event: MessageEvent) => void serving.then((receive) => receive(event));
}

/** Opens what is kept from one visit to the next. Throws as `later` does. */
export const openKept = async (): Promise<KeptRuns> => {
  const { KeptRuns: Opened } = await orNotFetched(import('./keptRuns.ts'));
  return new Opened();
};
