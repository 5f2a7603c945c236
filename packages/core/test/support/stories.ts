// stories260K: a real language model with previous-token heads and no induction (test/golden/stories260k).
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const STORIES: string = fileURLToPath(new URL('../golden/stories260k', import.meta.url));

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
} => JSON.parse(readFileSync(join(STORIES, 'head_scores.json'), 'utf8'));

export const storySamples = (): readonly { text: string; ids_with_bos: number[] }[] =>
  JSON.parse(readFileSync(join(STORIES, 'tokenizer_samples.json'), 'utf8'));
