// Models in files under Node: a checkpoint is read into a Model, and a Model is written as one.
import { statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import * as z from 'zod/mini';
import { checkModel } from './circuits/checks.ts';
import { checkEngine } from './engine/checkEngine.ts';
import type { Engine } from './engine/engine.ts';
import { ArgumentError, checkArgument } from './errors/arguments.ts';
import { printable, quoted, shortened } from './errors/printable.ts';
import type { ModelConfig } from './model/config.ts';
import { type ByteSource, sourceOf } from './model/formats/byteSource.ts';
import { encodeCheckpoint, openCheckpoint } from './model/formats/checkpoint.ts';
import type { ConfigWords } from './model/formats/fileFormatError.ts';
import { openHuggingFace } from './model/formats/huggingFace/huggingFace.ts';
import { readJsonText } from './model/formats/jsonText.ts';
import { type OpenedModel, readInto } from './model/formats/openedModel.ts';
import { Model } from './model/model.ts';
import { loadEngine } from './nodeEngine.ts';
import { writeWhole } from './nodeFiles.ts';
import { configBeside, openHuggingFaceFolder } from './nodeHuggingFace.ts';
import { checkMemory } from './nodeMemory.ts';
import { fileSource } from './nodeSource.ts';

const LoadModelOptions = z.strictObject({
  engine: z.optional(z.unknown()),
  modelConfig: z.optional(z.unknown()),
  bos: z.optional(z.int().check(z.minimum(0))),
});
const SaveModelOptions = z.strictObject({ metadata: z.optional(z.record(z.string(), z.string())) });

/** What a checkpoint says of itself; nobody else may. */
const OWN_METADATA = ['format', 'config', 'induction_lab'];

/**
 * The model in a checkpoint with TransformerLens's names, in a GGUF file, or in a folder as the Hugging Face hub holds models
 * (docs/models.md says what is read). Memory holds the model and one tensor of the file. `engine` is the fastest that this Node runs unless given. `modelConfig` takes the place of the file's config: an object with
 * TransformerLens's fields or a Hugging Face model's, or the path of a JSON file with them. `bos` is the start token that the
 * model saw in front of every sequence, where the file does not say so. Throws an Error for a file that cannot be read, a
 * FileFormatError for one that is no such checkpoint, each with the file's name.
 */
export async function loadModel(
  path: string,
  options: { engine?: Engine; modelConfig?: string | Readonly<Record<string, unknown>>; bos?: number } = {},
): Promise<Model> {
  checkPath('loadModel', path);
  checkArgument('loadModel', 'options', LoadModelOptions, options);
  const { modelConfig } = options;
  if (options.engine !== undefined) checkEngine(options.engine, 'loadModel');
  const config = modelConfig === undefined ? undefined : await configOf(modelConfig);
  const folder = openHuggingFaceFolder(path);
  const opened = folder
    ? openHuggingFace(config ?? folder.config, { ...folder, configFile: nameOf(modelConfig) ?? folder.configFile })
    : openNamed(await sourceOfNamed(path), config);
  checkMemory(opened.config, path);
  const model = new Model(options.engine ?? (await loadEngine()), withStartToken(opened.config, options.bos, path));
  readInto(model, opened);
  return model;
}

/** What a config that was given is called in messages. */
const nameOf = (given: string | object | undefined): string | undefined =>
  typeof given === 'object' ? 'the option modelConfig' : given;

/** A config as an object, or from a JSON file. */
const configOf = async (given: string | Readonly<Record<string, unknown>>): Promise<unknown> =>
  typeof given === 'string' ? readJsonText(await readNamed(given, 'model config'), given) : given;

/** How a model is saved. */
export interface SaveOptions {
  /** Text to stand in the file's header beside its config, such as where the model comes from. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/**
 * Writes a model as a checkpoint that `loadModel`, the command line and TransformerLens read: float32, as a whole or not at
 * all, under a temporary name first; its folder is made where there is none. Throws an ArgumentError for what is no model or
 * could not be read again, and an Error that names the file where it cannot be written.
 */
export async function saveModel(model: Model, path: string, options: SaveOptions = {}): Promise<void> {
  checkModel('saveModel', model);
  checkPath('saveModel', path);
  checkArgument('saveModel', 'options', SaveModelOptions, options);
  const { metadata = {} } = options;
  const taken = OWN_METADATA.find((name) => name in metadata);
  if (taken !== undefined)
    throw new ArgumentError(
      `saveModel: options.metadata has "${taken}", which the file itself writes; use another name.`,
    );
  const bytes = encodeCheckpoint(model.config, model.getWeights(), { ...metadata });
  try {
    writeWhole(path, bytes);
  } catch (error) {
    throw new Error(`saveModel: ${printable(path)} could not be written (${reason(error)}); name another place.`, {
      cause: error,
    });
  }
}

/** The config with a start token that was given beside the file. */
function withStartToken(config: ModelConfig, bos: number | undefined, path: string): ModelConfig {
  if (bos === undefined) return config;
  if (bos >= config.dVocab)
    throw new ArgumentError(
      `loadModel: options.bos is ${bos}, and ${printable(path)} has tokens 0 to ${config.dVocab - 1}; name one of them.`,
    );
  return { ...config, bos };
}

function checkPath(caller: string, path: unknown): void {
  if (typeof path !== 'string' || path === '')
    throw new ArgumentError(`${caller}: expected the path of a file, got ${quoted(path)}.`);
}

/** Reads a file that the caller named. */
async function readNamed(path: string, what: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (error) {
    const name = printable(path);
    const { code } = error as NodeJS.ErrnoException;
    const sentence =
      code === 'ENOENT'
        ? `there is no ${what} at ${name}; check the path`
        : code === 'EISDIR'
          ? `${name} is a folder; name the ${what} in it`
          : `${name} could not be read (${reason(error)}); check what it is`;
    throw new Error(`loadModel: ${sentence}.`, { cause: error });
  }
}

/** A file that is read in parts; what is none, such as a pipe, is read as a whole. */
async function sourceOfNamed(path: string): Promise<ByteSource> {
  if (statSync(path, { throwIfNoEntry: false })?.isFile()) return fileSource(path);
  return sourceOf(await readNamed(path, 'checkpoint'), path);
}

function openNamed(source: ByteSource, given: unknown): OpenedModel {
  const config = given ?? configBeside(source);
  return openCheckpoint(source, { words: WORDS, ...(config === undefined ? {} : { config }) });
}

/** How messages call the config that may be given. */
const WORDS: ConfigWords = { pass: 'as the option modelConfig', name: 'modelConfig' };

const reason = (error: unknown): string => shortened(printable((error as Error).message), 200);
