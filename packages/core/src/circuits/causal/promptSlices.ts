// Pairs of prompts in slices whose kept activations fit memory.
import type { ModelConfig } from '../../model/config.ts';
import { hookPoint, sizePerPosition } from '../../model/hookPoints.ts';
import type { Tokens } from '../../model/model.ts';
import { byLength, type Prompts } from '../data/prompts.ts';
import { sequencesTogether, slices } from '../data/slices.ts';

/** Floats of kept activations that may be in memory at once, both runs together. */
const KEPT = 64_000_000;

/** Prompts of one length with their twins; `sequences` says which of all they are. */
export interface TwinSlice {
  readonly sequences: readonly number[];
  readonly clean: Tokens;
  readonly corrupted: Tokens;
}

/** The prompts in slices whose activations fit memory; one a length unless there are many. Activations are kept at these hooks. */
export function promptSlices(
  prompts: Prompts,
  { config, hooks }: { config: ModelConfig; hooks: readonly string[] },
): TwinSlice[] {
  return byLength(prompts).flatMap((group) => {
    const { length } = prompts[group[0]!]!.tokens;
    const sizeOf = (hook: string): number => length * sizePerPosition(config, hookPoint(config, hook), length);
    const floats = hooks.reduce((sum, hook) => sum + sizeOf(hook), 0);
    // Kept raw and dense, of both runs, and as gradients.
    const most = Math.min(sequencesTogether(config, length), Math.max(1, Math.floor(KEPT / (6 * floats))));
    return slices(group, most).map((sequences) => ({
      sequences,
      clean: sequences.map((s) => prompts[s]!.tokens),
      corrupted: sequences.map((s) => prompts[s]!.corrupted!),
    }));
  });
}
