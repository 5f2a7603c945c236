// Trained models that the lesson shows, fetched in place of training them again: a file each, made by build/lessonStates.mjs.
import type { LinkState } from '../link.ts';
import type { FetchedFile } from '../protocol.ts';

/** Where each lies, by preset and step; all are of seed 1. */
const STATES: Readonly<Record<string, URL>> = {
  'hub 600': new URL('../lesson/states/hub-600.safetensors', import.meta.url),
  'literal 400': new URL('../lesson/states/literal-400.safetensors', import.meta.url),
  'literal-1-layer 400': new URL('../lesson/states/literal-1-layer-400.safetensors', import.meta.url),
  'picture 600': new URL('../lesson/states/picture-600.safetensors', import.meta.url),
  'two-heads 300': new URL('../lesson/states/two-heads-300.safetensors', import.meta.url),
  'varied 1000': new URL('../lesson/states/varied-1000.safetensors', import.meta.url),
  'varied 600': new URL('../lesson/states/varied-600.safetensors', import.meta.url),
};

/** The states that there are, by preset and step. */
export const LESSON_STATES: readonly string[] = Object.keys(STATES);

/** The state that a link goes to, fetched; null where there is none, or it cannot be had: then it is trained. */
export async function fetchState({ setting, step, other }: LinkState): Promise<FetchedFile | null> {
  const { preset, seed, turned } = setting;
  const url = STATES[`${preset} ${step}`];
  if (!url || seed !== 1 || other || Object.keys(turned).length > 0) return null;
  try {
    const response = await fetch(url);
    if (!response.ok) return null;
    return { bytes: new Uint8Array(await response.arrayBuffer()), file: `${preset}-${step}.safetensors` };
  } catch {
    return null;
  }
}
