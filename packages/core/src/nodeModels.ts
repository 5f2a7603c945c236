// Models in files under Node: a checkpoint is read into a Model, and a Model is written as one.
import { readFile } from 'node:fs/promises';
import * as z from 'zod/mini';
import { checkModel } from './circuits/checks.ts';
import { checkEngine } from './engine/checkEngine.ts';
import type { Engine } from './engine/engine.ts';
import { ArgumentError, checkArgument } from './errors/arguments.ts';
import { printable, quoted, shortened } from './errors/printable.ts';
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from './model/formats/checkpoint.ts';
import { FileFormatError } from './model/formats/fileFormatError.ts';
import { decodeHuggingFace } from './model/formats/huggingFace/huggingFace.ts';
import { readJsonText } from './model/formats/jsonText.ts';
import { Model } from './model/model.ts';
import { loadEngine } from './nodeEngine.ts';
import { writeWhole } from './nodeFiles.ts';
import { openHuggingFaceFolder } from './nodeHuggingFace.ts';

const LoadModelOptions = z.strictObject({
  engine: z.optional(z.unknown()),
  modelConfig: z.optional(z.unknown()),
  bos: z.optional(z.int().check(z.minimum(0))),
});
const SaveModelOptions = z.strictObject({ metadata: z.optional(z.record(z.string(), z.string())) });

/** What a checkpoint says of itself; nobody else may. */
const OWN_METADATA = ['format', 'config', 'induction_lab'];

/**
 * The model in a checkpoint with TransformerLens's names, or in a folder as the Hugging Face hub holds models (docs/checkpoints.md says
 * what is read). `engine` is
 * the fastest that this Node runs unless given. `modelConfig` takes the place of the file's config: an object with
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
  const folder = openHuggingFaceFolder(path);
  const { config: own, weights } = folder
    ? decodeHuggingFace(modelConfig === undefined ? folder.config : await configOf(modelConfig), folder)
    : decoded(await readNamed(path, 'checkpoint'), path, await configOf(modelConfig));
  const model = new Model(options.engine ?? (await loadEngine()), withStartToken(own, options.bos, path));
  model.setWeights(weights);
  return model;
}

/** A config as an object, or from a JSON file. */
const configOf = async (given: string | Readonly<Record<string, unknown>> | undefined): Promise<unknown> =>
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
function withStartToken(config: Checkpoint['config'], bos: number | undefined, path: string): Checkpoint['config'] {
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

/** What is wrong with a checkpoint is said as to the command line, but for how a config is passed. */
function decoded(bytes: Uint8Array, path: string, config: unknown): Checkpoint {
  try {
    return decodeCheckpoint(bytes, path, config === undefined ? {} : { config });
  } catch (error) {
    if (!(error instanceof FileFormatError)) throw error;
    const message = error.message.replaceAll('with --model-config FILE', 'as the option modelConfig');
    throw new FileFormatError(message, { cause: error });
  }
}

const reason = (error: unknown): string => shortened(printable((error as Error).message), 200);
