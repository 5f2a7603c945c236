// Pieces of a text that are said twice, and their controls: another piece in front.
import { ArgumentError } from '../../errors/arguments.ts';
import type { ModelConfig } from '../../model/config.ts';
import { firstDrawn } from '../../model/startToken.ts';
import type { RepeatPairs } from './drawRepeats.ts';

/** Tokens of a piece, where context and text allow. */
const PIECE = 25;
const SHORTEST = 4;

/**
 * Up to `count` pieces of the text, evenly spread. Throws an ArgumentError for a text too short for two of them.
 * @param text The tokens of a text.
 */
export function repeatSnippets(config: ModelConfig, text: readonly number[], count: number): RepeatPairs {
  const start = firstDrawn(config);
  const period = Math.min(PIECE, Math.floor((config.nCtx - start) / 2), Math.floor(text.length / 2));
  if (period < SHORTEST)
    throw new ArgumentError(
      `repeatSnippets: the text has ${text.length} tokens and the context ${config.nCtx}, too few to say a piece of it twice; give a longer text.`,
    );
  const pieces = Math.min(count, Math.floor(text.length / period));
  const step = Math.floor((text.length - period) / Math.max(1, pieces - 1));
  const piece = (i: number): number[] => {
    const from = (i % pieces) * step;
    return text.slice(from, from + period);
  };
  const front = config.bos === undefined ? [] : [config.bos];
  const sequence = (first: number, second: number): Int32Array =>
    Int32Array.from([...front, ...piece(first), ...piece(second)]);
  const numbers = Array.from({ length: pieces }, (_, i) => i);
  return {
    repeat: numbers.map((i) => sequence(i, i)),
    // The piece half the text away.
    control: numbers.map((i) => sequence(i + Math.max(1, Math.floor(pieces / 2)), i)),
    place: { start, period, length: start + 2 * period },
  };
}
