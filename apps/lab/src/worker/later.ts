// The part of the worker that is fetched when the first view has been shown, so that later no network is needed.

import { notFetched } from '../notFetched.ts';

export type Later = typeof import('./onRequest.ts');

let found: Promise<Later> | null = null;

/** Fetches it, or gives what has been fetched. Throws an Error that says what to do where it cannot be had. */
export function later(): Promise<Later> {
  found ??= import('./onRequest.ts').catch((error: Error) => {
    found = null; // the network may be back at the next try
    throw notFetched(error);
  });
  return found;
}
