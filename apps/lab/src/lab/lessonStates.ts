// Trained models that the lesson shows, fetched in place of training them again.
import type { LinkState } from '../link.ts';
import type { FetchedFile } from '../protocol.ts';
import { STATES } from '../stateFiles.ts';

/** The states that there are, by preset and step. */
export const LESSON_STATES: readonly string[] = Object.keys(STATES);

/** The state that a link goes to, fetched; null where there is none, or it cannot be had: then it is trained. */
export async function fetchState({ setting, step, other }: LinkState): Promise<FetchedFile | null> {
  const { preset, seed, turned } = setting;
  const url = (STATES as Readonly<Record<string, URL>>)[`${preset} ${step}`];
  if (!url || seed !== 1 || other || Object.keys(turned).length > 0) return null;
  try {
    const response = await fetch(url);
    if (!response.ok) return null;
    return { bytes: new Uint8Array(await response.arrayBuffer()), file: `${preset}-${step}.safetensors` };
  } catch {
    return null;
  }
}
