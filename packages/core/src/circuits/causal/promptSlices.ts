// Pairs of prompts in slices whose kept activations fit memory.
import type { ModelConfig } from '../../model/config.ts';
import { hookPoint, sizePerPosition } from '../../model/hookPoints.ts';
import type { PromptPair } from '../data/corruption.ts';
import { sequencesTogether, slices } from '../data/slices.ts';

/** Floats of kept activations that may be in memory at once, both runs together. */
const KEPT = 64_000_000;

/** The prompts in slices whose activations fit memory; one unless there are many. Activations are kept at these hooks. */
export function promptSlices(
  { clean, corrupted, queries }: PromptPair,
  { config, hooks }: { config: ModelConfig; hooks: readonly string[] },
): PromptPair[] {
  const length = clean[0]!.length;
  const sizeOf = (hook: string): number => length * sizePerPosition(config, hookPoint(config, hook), length);
  const floats = hooks.reduce((sum, hook) => sum + sizeOf(hook), 0);
  // Kept raw and dense, of both runs, and as gradients.
  const most = Math.min(sequencesTogether(config, length), Math.max(1, Math.floor(KEPT / (6 * floats))));
  const [a, b] = [slices(clean, most), slices(corrupted, most)];
  return a.map((part, i): PromptPair => ({ clean: part, corrupted: b[i]!, queries }));
}
