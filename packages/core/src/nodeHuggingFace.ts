// A folder as the Hugging Face hub holds a model: config.json, and model.safetensors or the shards that an index lists.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { listed } from './errors/names.ts';
import { printable } from './errors/printable.ts';
import type { ByteSource } from './model/formats/byteSource.ts';
import { FileFormatError } from './model/formats/fileFormatError.ts';
import { isHuggingFaceConfig } from './model/formats/huggingFace/huggingFace.ts';
import { readJsonText } from './model/formats/jsonText.ts';
import { readHeader } from './model/formats/safetensorsHeader.ts';
import { fileSource } from './nodeSource.ts';

/** What openHuggingFace takes of a folder. */
export interface HuggingFaceFolder {
  readonly configFile: string;
  /** The bytes of config.json, and what it says. */
  readonly configBytes: Uint8Array;
  readonly config: unknown;
  readonly files: readonly ByteSource[];
}

const isFile = (path: string): boolean => existsSync(path) && statSync(path).isFile();

const INDEX = 'model.safetensors.index.json';

/**
 * The model in a folder; null where the path is no folder, or has no config.json of the hub's. Throws a FileFormatError where the
 * config is not JSON, or the weights are not there as safetensors.
 */
export function openHuggingFaceFolder(path: string): HuggingFaceFolder | null {
  const configFile = join(path, 'config.json');
  if (!isFile(configFile)) return null;
  const configBytes = readFileSync(configFile);
  if (configBytes.length === 0) return null; // says nothing of whose folder it is
  const config = readJsonText(configBytes, configFile);
  if (!isHuggingFaceConfig(config)) return null;
  return { configFile, configBytes, config, files: sourcesOf(weightFiles(path)) };
}

/**
 * The config.json beside a safetensors file that holds no config of its own; undefined where there is none, or it says nothing of a
 * family. Throws a FileFormatError where it is not JSON.
 */
export function configBeside(source: ByteSource): unknown {
  if (!source.name.endsWith('.safetensors') || readHeader(source).metadata.config !== undefined) return undefined;
  const configFile = join(dirname(source.name), 'config.json');
  if (!isFile(configFile)) return undefined;
  const config = readJsonText(readFileSync(configFile), configFile);
  return isHuggingFaceConfig(config) ? config : undefined;
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

function sourcesOf(paths: readonly string[]): ByteSource[] {
  const missing = paths.find((path) => !existsSync(path));
  if (missing !== undefined)
    throw new FileFormatError(`There is no ${printable(missing)}, which is part of the model; fetch it too.`);
  return paths.map(fileSource);
}
