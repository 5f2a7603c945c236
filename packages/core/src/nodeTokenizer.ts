// The tokenizer of a model in files: in its GGUF file, beside it, or where the user says.
import { existsSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { printable } from './errors/printable.ts';
import { FileFormatError } from './model/formats/fileFormatError.ts';
import { isGguf, readGgufHeader } from './model/formats/gguf/ggufHeader.ts';
import { readJsonText } from './model/formats/jsonText.ts';
import { fileSource } from './nodeSource.ts';
import { ggufTokenizer } from './text/ggufTokenizer.ts';
import type { TextTokenizer, TokenizerSource } from './text/tokenizer.ts';

/**
 * The tokenizer that comes with a model: of a GGUF file its own, else tokenizer.json in the model's folder. Null where there is
 * none. Throws a FileFormatError for one that cannot be read.
 * @param model The model's file or folder.
 */
export async function tokenizerOf(model: string): Promise<TextTokenizer | null> {
  const found = statSync(model, { throwIfNoEntry: false });
  const own = found?.isFile() ? insideGguf(model) : null;
  if (own) return made(own);
  const file = join(found?.isDirectory() ? model : dirname(model), 'tokenizer.json');
  return existsSync(file) ? made(fromJson(file)) : null;
}

/**
 * The tokenizer in a tokenizer.json, with the tokenizer_config.json beside it, in a folder that has one, or in a GGUF file. Throws
 * a FileFormatError for what is none of it.
 * @param path A file or folder.
 */
export async function loadTokenizer(path: string): Promise<TextTokenizer> {
  const found = statSync(path, { throwIfNoEntry: false });
  const file = found?.isDirectory() ? join(path, 'tokenizer.json') : path;
  if (!existsSync(file))
    throw new FileFormatError(
      `There is no tokenizer at ${printable(file)}; name a tokenizer.json, which tokenizer.save_pretrained(folder) in Python writes.`,
    );
  const own = found?.isFile() ? insideGguf(path) : null;
  if (own) return made(own);
  if (!/\.json$/.test(file))
    throw new FileFormatError(
      `${printable(file)} is not a tokenizer.json; save the tokenizer with AutoTokenizer.from_pretrained(folder, use_fast=True).save_pretrained(folder) in Python, and name its tokenizer.json.`,
    );
  return made(fromJson(file));
}

/** Null of a file that is no GGUF, or holds no tokenizer. */
function insideGguf(path: string): TokenizerSource | null {
  const source = fileSource(path);
  if (!isGguf(source)) return null;
  return ggufTokenizer(Object.fromEntries(readGgufHeader(source).metadata), basename(path));
}

function fromJson(file: string): TokenizerSource {
  const config = join(dirname(file), 'tokenizer_config.json');
  const read = (path: string): unknown => readJsonText(readFileSync(path), path);
  return { name: basename(file), json: read(file), ...(existsSync(config) ? { config: read(config) } : {}) };
}

/** What does the work is loaded when there is some. */
async function made(source: TokenizerSource): Promise<TextTokenizer> {
  const { TextTokenizer } = await import('./text/tokenizer.ts');
  return new TextTokenizer(source);
}
