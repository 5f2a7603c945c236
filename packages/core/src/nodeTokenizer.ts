// The tokenizer of a model in files: beside it, or where the user says.
import { existsSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { printable } from './errors/printable.ts';
import { FileFormatError } from './model/formats/fileFormatError.ts';
import { readJsonText } from './model/formats/jsonText.ts';
import type { TextTokenizer } from './text/tokenizer.ts';

/** tokenizer.json of a model that is a folder or a file; null where none stands there. */
export function tokenizerBeside(model: string): string | null {
  const folder = existsSync(model) && statSync(model).isDirectory() ? model : dirname(model);
  const file = join(folder, 'tokenizer.json');
  return existsSync(file) ? file : null;
}

/**
 * The tokenizer in a tokenizer.json, or in a folder that has one, with the tokenizer_config.json beside it. Throws a
 * FileFormatError for a file that is none.
 */
export async function loadTokenizer(path: string): Promise<TextTokenizer> {
  const found = statSync(path, { throwIfNoEntry: false });
  const file = found?.isDirectory() ? join(path, 'tokenizer.json') : path;
  if (!existsSync(file))
    throw new FileFormatError(
      `There is no tokenizer at ${printable(file)}; name a tokenizer.json, which tokenizer.save_pretrained(folder) in Python writes.`,
    );
  if (/\.(model|bin|txt|tiktoken)$/.test(file))
    throw new FileFormatError(
      `${printable(file)} is not a tokenizer.json; save the tokenizer with AutoTokenizer.from_pretrained(folder, use_fast=True).save_pretrained(folder) in Python, and name its tokenizer.json.`,
    );
  const config = join(dirname(file), 'tokenizer_config.json');
  const json = readJson(file);
  const { TextTokenizer } = await import('./text/tokenizer.ts');
  return new TextTokenizer({
    name: basename(file),
    json,
    ...(existsSync(config) ? { config: readJson(config) } : {}),
  });
}

const readJson = (path: string): unknown => readJsonText(readFileSync(path), path);
