// stories260K: a real language model with previous-token heads and no induction (examples/stories260K), and what is known of it.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const STORIES: string = fileURLToPath(new URL('../../../../examples/stories260K', import.meta.url));

/** What an independent implementation says of it. */
const GOLDEN = fileURLToPath(new URL('../golden/stories260k', import.meta.url));

/** Its pieces with their scores, as llama2.c stores them. */
export const STORY_VOCABULARY: string = join(GOLDEN, 'tokenizer.bin');

/** Text pieces; below stand special tokens and single bytes. */
export const STORY_PIECES: readonly number[] = Array.from({ length: 512 - 259 }, (_, i) => 259 + i);

interface ReferenceScores {
  readonly previousToken: number;
  readonly stripe: number;
  readonly stripeControl: number;
  readonly content: number;
  readonly currentToken: number;
}

/** What an independent implementation scores on its own tokens: start token, then 25 tokens four times. */
export const storyScores = (): {
  readonly tokens: number[][];
  readonly nonrepeating: number[][];
  readonly heads: Readonly<Record<string, ReferenceScores>>;
  readonly lossPerRepeat: readonly number[];
} => JSON.parse(readFileSync(join(GOLDEN, 'head_scores.json'), 'utf8'));

export const storySamples = (): readonly { text: string; ids_with_bos: number[] }[] =>
  JSON.parse(readFileSync(join(GOLDEN, 'tokenizer_samples.json'), 'utf8'));
