// The recording of the first screen, which is fetched when that screen has been painted.
import { effect } from '@preact/signals';
import { notFetched } from '../notFetched.ts';
import type { Recording } from '../recording.ts';
import { whenIdle } from '../whenIdle.ts';
import type { Lab } from './createLab.ts';

const address = new URL('../recording.bin', import.meta.url);

let found: Promise<Recording> | null = null;

async function fetchIt(): Promise<Recording> {
  const [{ readRecording }, response] = await Promise.all([import('../recording.ts'), fetch(address)]);
  if (!response.ok || !response.body) throw new Error(`recording.bin: ${response.status}`);
  const expanded = response.body.pipeThrough(new DecompressionStream('gzip'));
  return readRecording(new Uint8Array(await new Response(expanded).arrayBuffer()));
}

/** Fetches it, or gives what has been fetched. Throws an Error that says what to do where it cannot be had. */
export function recording(): Promise<Recording> {
  found ??= fetchIt().catch((error: Error) => {
    found = null; // the network may be back at the next try
    throw notFetched(error);
  });
  return found;
}

/** Fetches it once there is a view, so that the story needs no network later. */
export function fetchRecordingWhenIdle({ view }: Lab): void {
  const stop = effect(() => {
    if (view.value === null) return;
    queueMicrotask(() => stop());
    whenIdle(() => {
      recording().catch(() => {}); // without it the story trains
    });
  });
}
