// Checks pairs of prompts that were handed in.
import * as z from 'zod/mini';
import { checkArgument, must } from '../../errors/arguments.ts';
import type { PromptPair } from './corruption.ts';

const sequence = must(
  'be a sequence of tokens, as in [[3, 1, 4]]',
  (x) => Array.isArray(x) || (ArrayBuffer.isView(x) && !(x instanceof DataView)),
);
const pairSchema = z.strictObject({
  clean: z.array(sequence),
  corrupted: z.array(sequence),
  queries: z.tuple([z.int(), z.int()]),
});

/** Throws an ArgumentError for what is no pair, an Error when its prompts are not as many, not as long, or no query counts. */
export function checkPair(caller: string, pair: PromptPair): void {
  checkArgument(caller, 'the pair', pairSchema, pair);
  const { clean, corrupted, queries } = pair;
  const [a, b] = [clean[0]?.length ?? 0, corrupted[0]?.length ?? 0];
  if (clean.length !== corrupted.length)
    throw new Error(
      `${caller}: ${clean.length} clean prompts and ${corrupted.length} corrupted ones; give as many of each.`,
    );
  if (a !== b)
    throw new Error(
      `${caller}: the clean prompt has ${a} tokens, the corrupted one ${b}; use prompts of equal length.`,
    );
  if (!(queries[0] >= 0 && queries[0] < queries[1] && queries[1] <= a - 1))
    throw new Error(`${caller}: queries [${queries}] must lie within [0, ${a - 1}), where a next token is.`);
}
