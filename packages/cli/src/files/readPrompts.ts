// Prompts in a file (docs/prompts.md says its form): read and checked at once, and against a model when there is one.

import { checkArgument, checkPrompts, promptsSchema, readJsonText } from '@induction-lab/core/internal';
import { ArgumentError, type MeasureName, type Model, type Prompts, PromptsError } from '@induction-lab/core/node';
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
  const value = promptsIn(readJsonText(bytes, path));
  if (!Array.isArray(value))
    throw badInput(
      `${path} must hold an array of prompts, such as [{ "tokens": [7, 3, 9, 7], "queries": [3], "answers": [3] }].`,
    );
  blaming(path, () => checkArgument('readPrompts', 'prompts', promptsSchema, value));
  return { path, prompts: value as Prompts, file: measuredFile(path, bytes) };
}

/** The prompts of a file that names its schema for editors, which an array cannot: { "$schema": ..., "prompts": [...] }. */
function promptsIn(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const { $schema, prompts, ...others } = value as Record<string, unknown>;
  return typeof $schema === 'string' && Object.keys(others).length === 0 ? prompts : value;
}

/** Throws a CommandError, with the file's name, where this model cannot be measured so on the prompts. */
export function checkPromptsOf(
  { path, prompts }: PromptFile,
  { config }: Model,
  checks: { readonly measure: MeasureName; readonly twins?: boolean },
): void {
  blaming(path, () => checkPrompts(config, prompts, checks));
}

/** Measures; what an analysis finds wrong with the prompts is told with the name of their file, where they are of one. */
export function blamePrompts<T>(path: string | undefined, measure: () => T): T {
  try {
    return measure();
  } catch (error) {
    if (!(error instanceof PromptsError) || path === undefined) throw error;
    throw blamed(path, error);
  }
}

const blamed = (path: string, { message }: Error): Error => badInput(`${path}: ${message.replace(/^\w+: /, '')}`);

function blaming(path: string, check: () => void): void {
  try {
    check();
  } catch (error) {
    if (error instanceof RangeError || (error instanceof TypeError && !(error instanceof ArgumentError))) throw error;
    throw blamed(path, error as Error);
  }
}
