// A folder as the Hugging Face hub holds a model: config.json, and model.safetensors or the shards that an index lists.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { listed } from './errors/names.ts';
import { printable } from './errors/printable.ts';
import { FileFormatError } from './model/formats/fileFormatError.ts';
import { isHuggingFaceConfig, type ModelFile } from './model/formats/huggingFace/huggingFace.ts';
import { readJsonText } from './model/formats/jsonText.ts';

/** What decodeHuggingFace takes of a folder. */
export interface HuggingFaceFolder {
  readonly configFile: string;
  /** The bytes of config.json, and what it says. */
  readonly configBytes: Uint8Array;
  readonly config: unknown;
  /** Each is read when its turn comes, so that one at a time is in memory. */
  readonly files: Iterable<ModelFile>;
}

const INDEX = 'model.safetensors.index.json';

/** Bytes of the largest file that Node reads in one piece. */
const LARGEST_FILE = 2 ** 31 - 1;

/**
 * The model in a folder; null where the path is no folder, or has no config.json of the hub's. Throws a FileFormatError where the
 * config is not JSON, or the weights are not there as safetensors.
 */
export function openHuggingFaceFolder(path: string): HuggingFaceFolder | null {
  const configFile = join(path, 'config.json');
  if (!existsSync(path) || !statSync(path).isDirectory() || !existsSync(configFile)) return null;
  const configBytes = readFileSync(configFile);
  if (configBytes.length === 0) return null; // says nothing of whose folder it is
  const config = readJsonText(configBytes, configFile);
  if (!isHuggingFaceConfig(config)) return null;
  return { configFile, configBytes, config, files: readInTurn(weightFiles(path)) };
}

function weightFiles(folder: string): string[] {
  const index = join(folder, INDEX);
  if (existsSync(index)) return shardsOf(index).map((name) => join(folder, name));
  const found = readdirSync(folder).filter((name) => name.endsWith('.safetensors'));
  const chosen = found.includes('model.safetensors') ? ['model.safetensors'] : found;
  if (chosen.length === 1) return [join(folder, chosen[0] as string)];
  throw new FileFormatError(
    chosen.length === 0
      ? `${printable(folder)} has a config.json and no .safetensors file; save the model there with model.save_pretrained(folder) in Python.`
      : `${printable(folder)} has several .safetensors files (${listed(chosen, 3)}) and no ${INDEX} that says what is in them; fetch the index too.`,
  );
}

/** The shards that an index names, each once, in its order. */
function shardsOf(index: string): string[] {
  const { weight_map: map } = Object(readJsonText(readFileSync(index), index)) as { weight_map?: unknown };
  const names = [...new Set(Object.values(Object(map) as object))] as unknown[];
  const isName = (name: unknown): name is string => typeof name === 'string' && /^[^/\\]+\.safetensors$/.test(name);
  if (names.length === 0 || !names.every(isName))
    throw new FileFormatError(
      `${printable(index)} must have a weight_map from tensors to the .safetensors files beside it; fetch it again.`,
    );
  return names;
}

function* readInTurn(paths: readonly string[]): Generator<ModelFile> {
  const missing = paths.find((path) => !existsSync(path));
  if (missing !== undefined)
    throw new FileFormatError(`There is no ${printable(missing)}, which is part of the model; fetch it too.`);
  for (const name of paths) {
    const { size } = statSync(name);
    if (size > LARGEST_FILE)
      throw new FileFormatError(
        `${printable(name)} has ${size.toLocaleString('en')} bytes, more than the ${LARGEST_FILE.toLocaleString('en')} that are read in one piece; save it in shards (max_shard_size="1GB") or as bfloat16.`,
      );
    yield { name, bytes: readFileSync(name) };
  }
}
