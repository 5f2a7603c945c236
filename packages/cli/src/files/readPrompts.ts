// Prompts in a file (docs/prompts.md says its form): read and checked at once, and against a model when there is one.
import {
  ArgumentError,
  checkArgument,
  checkPrompts,
  type MeasureName,
  type Model,
  type Prompts,
  promptsSchema,
  readJsonText,
} from '@induction-lab/core/node';
import { badInput } from '../errors.ts';
import { type MeasuredFile, measuredFile } from './provenance.ts';
import { readInput } from './wholeFiles.ts';

export interface PromptFile {
  readonly path: string;
  readonly prompts: Prompts;
  readonly file: MeasuredFile;
}

/** The largest file of prompts: a hundred thousand of a hundred tokens. */
const LARGEST = 2 ** 26;

/** Throws a CommandError that names the file and what in it is wrong. */
export function readPrompts(path: string): PromptFile {
  const bytes = readInput(path, 'prompt file', { most: LARGEST });
  const value = readJsonText(bytes, path);
  if (!Array.isArray(value))
    throw badInput(
      `${path} must hold an array of prompts, such as [{ "tokens": [7, 3, 9, 7], "queries": [3], "answers": [3] }].`,
    );
  blaming(path, () => checkArgument('readPrompts', 'prompts', promptsSchema, value));
  return { path, prompts: value as Prompts, file: measuredFile(path, bytes) };
}

/** Throws a CommandError, with the file's name, where this model cannot be measured so on the prompts. */
export function checkPromptsOf(
  { path, prompts }: PromptFile,
  { config }: Model,
  checks: { readonly measure: MeasureName; readonly twins?: boolean },
): void {
  blaming(path, () => checkPrompts(config, prompts, checks));
}

function blaming(path: string, check: () => void): void {
  try {
    check();
  } catch (error) {
    if (error instanceof RangeError || (error instanceof TypeError && !(error instanceof ArgumentError))) throw error;
    throw badInput(`${path}: ${(error as Error).message.replace(/^\w+: /, '')}`);
  }
}
