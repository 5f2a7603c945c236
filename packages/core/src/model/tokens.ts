// Batches of tokens as callers hand them over: looked at once, before anything is run on them.
import { ArgumentError } from '../errors/arguments.ts';
import { quoted } from '../errors/printable.ts';
import type { ModelConfig } from './config.ts';

/** Sequences of equal length, row by row: at most nCtx tokens each, whole numbers below dVocab. */
export type Tokens = readonly ArrayLike<number>[];

/** The common length of the sequences. Throws an Error that names the sequence, the token and the limit. */
export function checkTokens(config: ModelConfig, tokens: Tokens, caller: string): number {
  const length = commonLength(config, tokens, caller);
  for (let s = 0; s < tokens.length; s++) checkRow(config, tokens[s] as ArrayLike<number>, { s, length, caller });
  return length;
}

/** Looks at what decides how much memory a run takes: there are sequences, of tokens, no longer than the context. */
function commonLength(config: ModelConfig, tokens: Tokens, caller: string): number {
  if (!Array.isArray(tokens)) throw new ArgumentError(`${caller}: ${noBatch(tokens)}`);
  const first: unknown = tokens[0];
  if (typeof first === 'number') throw new ArgumentError(`${caller}: ${flat(tokens as unknown as number[])}`);
  const length = tokens.length === 0 ? 0 : lengthOf(first, 'sequence 0', caller);
  if (length === 0) throw new Error(`${caller}: expected at least one sequence of at least one token.`);
  if (length > config.nCtx)
    throw new Error(`${caller}: a sequence has ${length} tokens, this model's context is ${config.nCtx}; shorten it.`);
  return length;
}

function noBatch(tokens: unknown): string {
  if (ArrayBuffer.isView(tokens) && !(tokens instanceof DataView) && typeof at(tokens, 0) !== 'bigint')
    return flat(tokens as unknown as ArrayLike<number>);
  const got = quoted(tokens);
  if (typeof (tokens as { then?: unknown } | null | undefined)?.then === 'function')
    return `tokens must be an array of sequences such as [[3, 1, 4]], got ${got}; await it.`;
  return `tokens must be an array of sequences such as [[3, 1, 4]], got ${got}.`;
}

const at = (values: unknown, i: number): unknown => (values as ArrayLike<unknown>)[i];

/** Tokens of a flat list that a message shows. */
const SHOWN = 8;

function flat(tokens: ArrayLike<number>): string {
  const shown = Array.from({ length: Math.min(tokens.length, SHOWN) }, (_, i) => quoted(tokens[i]));
  const more = tokens.length > SHOWN ? [...shown, '…'] : shown;
  return `tokens must be an array of sequences, got a flat list; for one sequence write [[${more.join(', ')}]].`;
}

function lengthOf(sequence: unknown, name: string, caller: string): number {
  const length = typeof sequence === 'object' && sequence !== null ? (sequence as ArrayLike<number>).length : null;
  if (!Number.isInteger(length) || (length as number) < 0 || typeof at(sequence, 0) === 'bigint')
    throw new ArgumentError(`${caller}: ${name} must be an array of tokens, got ${quoted(sequence)}.`);
  return length as number;
}

function checkRow(
  config: ModelConfig,
  sequence: ArrayLike<number>,
  { s, length, caller }: { s: number; length: number; caller: string },
): void {
  const own = lengthOf(sequence, `sequence ${s}`, caller);
  if (own !== length)
    throw new Error(`${caller}: sequence ${s} has ${own} tokens, sequence 0 has ${length}; use equal lengths.`);
  checkEach(config, sequence, { name: `sequence ${s}`, caller });
}

/** Throws an Error unless it is a sequence that the model can run, of any length; `name` is what it is called. */
export function checkSequence(
  config: ModelConfig,
  sequence: ArrayLike<number>,
  { name, caller }: { name: string; caller: string },
): void {
  const length = lengthOf(sequence, name, caller);
  if (length === 0) throw new Error(`${caller}: ${name} has no tokens; give it at least one.`);
  if (length > config.nCtx)
    throw new Error(`${caller}: ${name} has ${length} tokens, this model's context is ${config.nCtx}; shorten it.`);
  checkEach(config, sequence, { name, caller });
}

function checkEach(
  { dVocab }: ModelConfig,
  sequence: ArrayLike<number>,
  { name, caller }: { name: string; caller: string },
): void {
  for (let t = 0; t < sequence.length; t++) {
    const token = sequence[t] as number;
    if (!Number.isInteger(token) || token < 0 || token >= dVocab)
      throw new Error(
        `${caller}: ${name} has token ${quoted(token)} at position ${t}; tokens are whole numbers from 0 to ${dVocab - 1}.`,
      );
  }
}
