// Any number of sequences in bounded memory: as many run together as fit, in even slices.
import type { ModelConfig } from '../../model/config.ts';
import type { Model } from '../../model/model.ts';

/** Floats of patterns and logits that may be in memory at once. */
const BUDGET = 8_000_000;

/** Sequences run together where an intervention looks at the others, and where none does: few enough for the cache. */
const MOST = 64;
const IN_CACHE = 4;
/** Where an intervention looks at the others at least so many run together: any number above one splits into twos and threes. */
const LEAST = 3;

/** Sequences of that length whose patterns and, unless nobody asks for them, logits fit the budget: at least one, at most `most`. */
export const sequencesTogether = (
  { nLayers, nHeads, dVocab }: ModelConfig,
  length: number,
  { most = MOST, logits = true }: { most?: number; logits?: boolean } = {},
): number => {
  const each = nLayers * nHeads * length * length + (logits ? length * dVocab : 0);
  return Math.max(1, Math.min(most, Math.floor(BUDGET / each)));
};

/** The sequences in as few even slices as have at most `most` each. */
export function slices<T>(sequences: readonly T[], most: number): (readonly T[])[] {
  const parts = Math.ceil(sequences.length / most);
  const bound = (part: number): number => Math.floor((sequences.length * part) / parts);
  return Array.from({ length: parts }, (_, part) => sequences.slice(bound(part), bound(part + 1)));
}

/**
 * Sequences of that length that run together; where an intervention looks at the others (`across`) three or more. Where an
 * engine has helpers, the model divides a larger batch into what each thread's cache holds.
 */
export function perSlice(
  { config, engine }: Model,
  { length, across, logits = true }: { length: number; across: boolean; logits?: boolean },
): number {
  const most = across || engine.helpers ? MOST : IN_CACHE;
  // What interventions see of the other sequences is the same whatever is asked for.
  return Math.max(across ? LEAST : 1, sequencesTogether(config, length, { most, logits: logits || across }));
}
