// The loss that patching is judged by: of the clean prompt's next tokens, whatever the run was on.
import type { Floats } from '../../engine/tensor.ts';
import type { ModelConfig } from '../../model/config.ts';
import { crossEntropy } from '../../model/measures/crossEntropy.ts';
import type { PromptPair } from '../data/corruption.ts';

/** Mean loss of the clean prompt's next tokens at the counting queries, by sequence. */
export function targetLosses(logits: Floats, { clean, queries }: PromptPair, { dVocab }: ModelConfig): Float64Array {
  const length = clean[0]!.length;
  const [from, to] = queries;
  return Float64Array.from(clean, (tokens, s) => {
    let sum = 0;
    for (let q = from; q < to; q++) {
      const row = logits.subarray((s * length + q) * dVocab, (s * length + q + 1) * dVocab);
      sum += crossEntropy(row, tokens[q + 1] as number);
    }
    return sum / (to - from);
  });
}

/** Whether clean and corrupted prompts go on with the same tokens at the counting queries. */
export const sameTargets = ({ clean, corrupted, queries: [from, to] }: PromptPair): boolean =>
  clean.every((tokens, s) => {
    for (let q = from; q < to; q++) if (tokens[q + 1] !== corrupted[s]![q + 1]) return false;
    return true;
  });
