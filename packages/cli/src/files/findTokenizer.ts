// The tokenizer of the model that a command was given: beside it, or where --tokenizer says.

import { printable } from '@induction-lab/core/internal/printable';
import { loadTokenizer, type ModelConfig, type TextTokenizer, tokenizerOf } from '@induction-lab/core/node';
import { badInput } from '../errors.ts';

/** The tokenizer; null where none stands beside the model and none was named. Throws a CommandError for one that cannot be read. */
export async function findTokenizer(
  target: string,
  { tokenizer }: { readonly tokenizer?: string },
): Promise<TextTokenizer | null> {
  return tokenizer === undefined ? tokenizerOf(target) : loadTokenizer(tokenizer);
}

/** Throws a CommandError that says how to name a tokenizer. */
export function needTokenizer(target: string, tokenizer: TextTokenizer | null, what: string): TextTokenizer {
  if (tokenizer) return tokenizer;
  throw badInput(
    `${what} needs a tokenizer, and there is no tokenizer.json beside ${printable(target)}; name one with --tokenizer FILE.`,
  );
}

/** Throws a CommandError where the tokenizer has tokens that the model does not. */
export function checkTokenizer(tokenizer: TextTokenizer | null, { dVocab }: ModelConfig): void {
  if (tokenizer && tokenizer.last >= dVocab && !onlyAdded(tokenizer, dVocab))
    throw badInput(
      `${printable(tokenizer.name)} has tokens up to ${tokenizer.last} and the model 0 to ${dVocab - 1}: it is another model’s; name the right one with --tokenizer.`,
    );
}

/** Tokens that were added for later use may lie beyond what a model was built with. */
function onlyAdded({ last, special }: TextTokenizer, dVocab: number): boolean {
  if (last - dVocab >= special.size) return false;
  for (let token = dVocab; token <= last; token++) if (!special.has(token)) return false;
  return true;
}

/** Throws a CommandError where a text is no text for the model: longer than its context, or of a single token. */
export function checkLength(tokens: readonly number[], { nCtx }: ModelConfig, what: string): void {
  if (tokens.length > nCtx)
    throw badInput(
      `${what} has ${tokens.length.toLocaleString('en')} tokens, and the model’s context is ${nCtx.toLocaleString('en')}; shorten it.`,
    );
  if (tokens.length < 2) throw badInput(`${what} has a single token, and nothing is predicted from none; write more.`);
}
