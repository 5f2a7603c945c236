// --tokens-from: which tokens random sequences are drawn from.

import { printable } from '@induction-lab/core/internal/printable';
import { type ModelConfig, readTokenFile } from '@induction-lab/core/node';
import { badInput } from '../errors.ts';
import { readInput, readJson } from './wholeFiles.ts';

/**
 * The tokens that are named: from a number on, from one to another (259..511), or those that stand in a file: an array of numbers in
 * JSON, or sequences (.jsonl, .bin, .safetensors). Throws a CommandError for what is none of it.
 */
export function tokensFrom(given: string, { dVocab, nCtx }: Pick<ModelConfig, 'dVocab' | 'nCtx'>): number[] {
  const range = /^(\d+)(?:\.\.(\d+))?$/.exec(given);
  if (!range) return [...new Set(tokensOfFile(given, nCtx))].sort((a, b) => a - b);
  const [from, to] = [Number(range[1]), Number(range[2] ?? dVocab - 1)];
  if (from > to || to >= dVocab)
    throw badInput(
      `--tokens-from ${printable(given)} is no range of tokens of this model, which has 0 to ${dVocab - 1}; write it as in ${from < dVocab ? from : 0}..${dVocab - 1}.`,
    );
  return Array.from({ length: to - from + 1 }, (_, i) => from + i);
}

function tokensOfFile(path: string, nCtx: number): Iterable<number> {
  if (!/\.json$/i.test(path)) return readTokenFile(readInput(path, 'file of tokens'), { name: path, nCtx }).tokens;
  const found = readJson(path, 'file of tokens');
  if (Array.isArray(found) && found.length > 0 && found.every((token) => Number.isInteger(token) && token >= 0))
    return found as number[];
  throw badInput(`${printable(path)} must be an array of tokens as whole numbers, as in [259, 260, 300].`);
}

/** A natural text that the user named, in UTF-8. */
export function readText(path: string): string {
  const bytes = readInput(path, 'text file', { most: LARGEST_TEXT });
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw badInput(`${printable(path)} is not text in UTF-8; save it as UTF-8.`);
  }
  if (text.trim() === '') throw badInput(`${printable(path)} is empty; name a file with natural text.`);
  return text;
}

/** Bytes of text that are read: far more than is measured. */
const LARGEST_TEXT = 2 ** 26;
