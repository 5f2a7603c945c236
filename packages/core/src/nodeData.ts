// Training data from files under Node: modules, which every thread loads by itself, and sequences of tokens.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import * as z from 'zod/mini';
import { ArgumentError, checkArgument } from './errors/arguments.ts';
import { printable, quoted, shortened } from './errors/printable.ts';
import { moduleSegments } from './training/data/moduleSource.ts';
import { readTokenFile } from './training/data/tokenFiles.ts';
import { checkTable } from './training/data/tokenTable.ts';
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
    const url = pathToFileURL(resolve(path)).href;
    const module = { ...(await loadModule(url)), url, origin };
    moduleSegments(module);
    return module;
  }
  const table = readTokenFile(bytes, {
    name: basename(path),
    nCtx: experiment.model.nCtx,
    ...(dtype ? { dtype } : {}),
  });
  checkTable(table, experiment.model);
  return { ...table, origin };
}

/** Loads a data module, in whichever thread. Throws a DataError that says what its file lacks. */
export async function loadModule(url: string): Promise<Pick<DataModule, 'sequence' | 'segments'>> {
  const name = printable(basename(new URL(url).pathname));
  let loaded: Record<string, unknown>;
  try {
    loaded = (await import(url)) as Record<string, unknown>;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ERR_UNKNOWN_FILE_EXTENSION')
      throw new DataError(
        `data: ${name} is TypeScript, which this Node (${process.version}) does not read; write it as .mjs, or use Node 22.18 or newer.`,
      );
    throw new DataError(`data: ${name} could not be loaded: ${shortened(printable(message), 200)}`, { cause: error });
  }
  const { default: exported } = loaded;
  const from = (typeof exported === 'object' && exported !== null ? exported : loaded) as Record<string, unknown>;
  const sequence = typeof exported === 'function' ? exported : from.sequence;
  if (typeof sequence !== 'function')
    throw new DataError(
      `data: ${name} exports no function sequence({ seed, step, index, random, length, dVocab }), by that name or as its default.`,
    );
  const segments = from.segments ?? loaded.segments;
  return {
    sequence: sequence as DataModule['sequence'],
    ...(segments === undefined ? {} : { segments: segments as NonNullable<DataModule['segments']> }),
  };
}
