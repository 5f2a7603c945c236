// Given sequences in one array, checked once.
import { quoted } from '../../errors/printable.ts';
import { DataError, type TokenTable } from './trainingData.ts';

/** Tokens are 32-bit integers, and targets need as many again below zero. */
export const MOST_TOKENS: number = 2 ** 31 - 2;

/** Puts sequences into a table. Throws a DataError for one that is not an array of tokens. */
export function tokenTable(
  sequences: readonly ArrayLike<number>[],
  called: TokenTable['called'] = { part: 'sequence', of: 'data.sequences' },
): TokenTable {
  const starts = new Float64Array(sequences.length + 1);
  for (const [i, sequence] of sequences.entries()) {
    if (!isArray(sequence))
      throw new DataError(`${partOf(called, i)} must be an array of tokens, got ${quoted(sequence)}.`);
    starts[i + 1] = starts[i]! + sequence.length;
  }
  const tokens = new Int32Array(starts.at(-1)!);
  for (const [i, sequence] of sequences.entries())
    for (let t = 0; t < sequence.length; t++) {
      const token = sequence[t];
      if (!Number.isInteger(token) || token! < 0 || token! > MOST_TOKENS)
        throw new DataError(
          `${partOf(called, i)}: a token must be a whole number from 0 on, got ${typeof token === 'bigint' ? 'the bigint ' : ''}${quoted(token)} at position ${t}.`,
        );
      tokens[starts[i]! + t] = token!;
    }
  return { tokens, starts, called };
}

/** Arrays of numbers of any kind; objects that have a length are none. */
const isArray = (value: unknown): boolean =>
  Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView) && !isBigInts(value));

const isBigInts = (value: ArrayBufferView): boolean =>
  value instanceof BigInt64Array || value instanceof BigUint64Array;

/** A sequence as messages call it. Lines are counted from 1, as editors do. */
export const partOf = ({ part, of }: TokenTable['called'], i: number): string =>
  `data: ${part} ${part === 'line' ? i + 1 : i} of ${of}`;

/** Throws a DataError for a sequence that a model of these sizes cannot be trained on. */
export function checkTokens(
  { tokens, starts, called }: TokenTable,
  { dVocab, nCtx, bos }: { dVocab: number; nCtx: number; bos?: number | undefined },
): void {
  const count = starts.length - 1;
  const strange = starts.findIndex((start, i) => !(Number.isInteger(start) && start >= (starts[i - 1] ?? 0)));
  if (strange >= 0 || starts[0] !== 0 || starts[count] !== tokens.length)
    throw new DataError(
      `data: starts of ${called.of} must ascend from 0 to the number of tokens, ${tokens.length}; make the table anew from what it came from.`,
    );
  if (count < 1) throw new DataError(`data: ${called.of} holds no sequences; give at least one.`);
  for (let i = 0; i < count; i++) {
    const [from, to] = [starts[i]!, starts[i + 1]!];
    if (to - from < 2 || to - from > nCtx)
      throw new DataError(
        `${partOf(called, i)} has ${to - from === 1 ? 'one token' : `${to - from} tokens`}, where this model takes 2 to ${nCtx}${bos === undefined ? '' : ' behind the start token'}; cut it, or raise model.nCtx.`,
      );
    for (let t = from; t < to; t++) {
      if (tokens[t] === bos)
        throw new DataError(
          `${partOf(called, i)} has token ${bos} at position ${t - from}, the start token that task.bos puts in front of every sequence; raise model.dVocab by one, or, where the data has its start token already, give it as model.bos and leave task.bos out.`,
        );
      if (tokens[t]! < 0 || tokens[t]! >= dVocab)
        throw new DataError(
          `${partOf(called, i)} has token ${tokens[t]} at position ${t - from}, where this model knows 0 to ${dVocab - 1}; raise model.dVocab, or encode it with that vocabulary.`,
        );
    }
  }
}
