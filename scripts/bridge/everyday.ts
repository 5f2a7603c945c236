// The table "twenty everyday things" of docs/transformerlens.md: its rows, and what our side of each gives.
import { readFileSync } from 'node:fs';
import * as lab from './library.ts';

export interface Everyday {
  readonly what: string;
  readonly there: string;
  readonly here: string;
}

const page = readFileSync(new URL('../../docs/transformerlens.md', import.meta.url), 'utf8');

/** The rows, in order. */
export const EVERYDAY: readonly Everyday[] = page
  .match(/<!-- everyday:begin -->([\s\S]*)<!-- everyday:end -->/)![1]!
  .split('\n')
  .flatMap((line) => {
    const [, what, there, here] = /^\| ([^|`]+) \| `([^`]+)` \| `([^`]+)` \|$/.exec(line) ?? [];
    return what && there && here ? [{ what, there, here }] : [];
  });

/** The lines before the table that name things, in a language; those that import and load are done by whoever runs them. */
export const setUp = (language: 'python' | 'js'): string =>
  new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``)
    .exec(page)![1]!
    .split('\n')
    .filter((line) => !/^import|lab\.loadModel/.test(line))
    .join('\n');

/** What the rows are about: two copies of a block, the same with another first block, and a token for each sequence. */
export function everydayTokens(dVocab: number): { tokens: number[][]; other: number[][]; wrong: number[] } {
  const token = (s: number, t: number): number => (s * 5 + t * 7) % dVocab;
  const block = (s: number): number[] => Array.from({ length: 6 }, (_, t) => token(s, t));
  const sequences = [1, 2, 3];
  return {
    tokens: sequences.map((s) => [...block(s), ...block(s)]),
    other: sequences.map((s) => [...block(s + 9), ...block(s)]),
    wrong: sequences.map((s) => token(s, 20)),
  };
}

type Run = (...given: unknown[]) => unknown;

/** The numbers of our side of a row. */
export function hereOf({ here }: Everyday, model: lab.Model): number[] {
  const { tokens, other, wrong } = everydayTokens(model.config.dVocab);
  const code = `${setUp('js')}\nreturn (${here});`;
  const run = new Function('lab', 'model', 'tokens', 'other', 'wrong', code) as Run;
  return numbers(run(lab, model, tokens, other, wrong));
}

/** All numbers of a result, row by row. */
function numbers(result: unknown): number[] {
  if (typeof result === 'number') return [result];
  if (Array.isArray(result)) return result.flatMap(numbers);
  if (ArrayBuffer.isView(result)) return Array.from(result as unknown as ArrayLike<number>);
  const { data, to2DArray } = result as { data?: unknown; to2DArray?: () => number[][] };
  return numbers(to2DArray ? to2DArray.call(result) : data);
}
