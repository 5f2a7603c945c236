// Training data from files under Node: modules, which every thread loads by itself, and sequences of tokens.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import * as z from 'zod/mini';
import { ArgumentError, checkArgument } from './errors/arguments.ts';
import { printable, quoted, shortened } from './errors/printable.ts';
import { checkTable } from './training/data/checkData.ts';
import { thrownText } from './training/data/moduleError.ts';
import { moduleSegments } from './training/data/moduleSegments.ts';
import { readTokenFile } from './training/data/tokenFiles.ts';
import {
  DataError,
  type DataModule,
  type DataOrigin,
  TOKEN_TYPES,
  type TokenTable,
  type TokenType,
} from './training/data/trainingData.ts';
import type { Experiment } from './training/experiment.ts';

const Options = z.strictObject({
  experiment: z.looseObject({ model: z.looseObject({}) }),
  dtype: z.optional(z.enum(TOKEN_TYPES)),
});

/**
 * Data to train on from a file: a module (.js, .mjs; .ts where this Node reads it) or sequences of tokens (.jsonl, .bin,
 * .safetensors), with its SHA-256. `dtype` says how a .bin is stored: uint16 unless given. Throws a DataError that names the
 * file and what is wrong with it.
 * @param path The file.
 */
export async function loadData(
  path: string,
  options: { experiment: Experiment; dtype?: TokenType },
): Promise<(DataModule | TokenTable) & { origin: DataOrigin }> {
  if (typeof path !== 'string') throw new ArgumentError(`loadData: expected the path of a file, got ${quoted(path)}.`);
  checkArgument('loadData', 'options', Options, options);
  const { experiment, dtype } = options;
  const bytes = await readFile(path).catch((error: Error) => {
    throw new DataError(`data: ${printable(path)} could not be read (${shortened(printable(error.message), 200)}).`);
  });
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const origin: DataOrigin = { path, sha256, ...(dtype ? { dtype } : {}) };
  if (/\.[cm]?[jt]s$/i.test(path)) {
    if (dtype !== undefined)
      throw new DataError(`data: ${printable(path)} is a module, which has no type of tokens; leave dtype out.`);
    // With its hash: what has been loaded by a name stays loaded, also where the file has changed since.
    const url = `${pathToFileURL(resolve(path)).href}?sha256=${sha256.slice(0, 16)}`;
    const module = { ...(await loadModule(url)), url, origin };
    moduleSegments(module);
    return module;
  }
  const table = readTokenFile(bytes, {
    name: basename(path),
    nCtx: experiment.model.nCtx - (experiment.task?.bos ? 1 : 0),
    ...(dtype ? { dtype } : {}),
  });
  checkTable(table, experiment);
  return { ...table, origin };
}

/** Loads a data module, in whichever thread. Throws a DataError that says what its file lacks. */
export async function loadModule(url: string): Promise<Pick<DataModule, 'sequence' | 'segments'>> {
  const name = `data: ${printable(basename(fileURLToPath(url)))}`;
  const loaded = await imported(url, name);
  const { default: exported } = loaded;
  const holds = (typeof exported === 'object' && exported !== null) || typeof exported === 'function';
  const from = (holds ? exported : {}) as Record<string, unknown>;
  const sequence = [loaded.sequence, exported, from.sequence].find((value) => typeof value === 'function');
  if (sequence === undefined)
    throw new DataError(
      `${name} exports no function sequence({ seed, step, index, random, length, dVocab }), by that name or as its default.`,
    );
  const segments = loaded.segments ?? from.segments;
  return {
    // An object's function is called on that object.
    sequence: (sequence === from.sequence ? sequence.bind(from) : sequence) as DataModule['sequence'],
    ...(segments === undefined ? {} : { segments: segments as NonNullable<DataModule['segments']> }),
  };
}

/** What a module exports. One that waits for what never comes is refused when nothing else is left to be done. */
async function imported(url: string, name: string): Promise<Record<string, unknown>> {
  let giveUp = (): void => {};
  const never = new Promise<never>((_, reject) => {
    giveUp = () =>
      reject(
        new DataError(`${name} waits while it loads for something that never comes; see what it awaits at its top.`),
      );
  });
  process.once('beforeExit', giveUp);
  try {
    return await Promise.race([import(url) as Promise<Record<string, unknown>>, never]);
  } catch (error) {
    if (error instanceof DataError) throw error;
    if ((error as NodeJS.ErrnoException | null)?.code === 'ERR_UNKNOWN_FILE_EXTENSION')
      throw new DataError(
        `${name} is TypeScript, which this Node (${process.version}) does not read; write it as .mjs, or use Node 22.18 or newer.`,
      );
    throw new DataError(`${name} could not be loaded${thrownText(error, url)}`, { cause: error });
  } finally {
    process.off('beforeExit', giveUp);
  }
}
