// Places for results are checked and claimed before any work begins, and given back when nothing came of it.
import { accessSync, constants, existsSync, readdirSync, realpathSync, rmdirSync, rmSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { badInput } from '../errors.ts';
import { createFreshFolder } from './freshFolder.ts';

export interface Outputs {
  /** A folder for figures: new, or empty. */
  readonly figures?: string | undefined;
  /** A folder for other results: new, or empty. */
  readonly folder?: string | undefined;
  /** A file to write. */
  readonly out?: string | undefined;
  /** The option that names it; --out unless told. */
  readonly outOption?: string;
  /** Whether a file that exists may be written over. */
  readonly force?: boolean | undefined;
  /** Files that are read, and so may never be written over. */
  readonly inputs?: readonly string[];
}

/** Places that are claimed. */
export interface Claimed {
  /** Takes away what a stopped or failed command leaves: half-written files, and folders of its own that are empty. */
  release(): void;
}

/** Checks that results can be written where they should go. Throws a CommandError that names the option. */
export function claimOutputs({
  figures,
  folder: results,
  out,
  outOption = '--out',
  force = false,
  inputs = [],
}: Outputs): Claimed {
  if (out !== undefined) checkFile(out, { option: outOption, force, inputs });
  const made = [
    ...(figures === undefined ? [] : claimFolder(figures, '--figures')),
    ...(results === undefined ? [] : claimFolder(results, '--out')),
  ];
  return {
    release: () => {
      for (const folder of [figures, results, out === undefined ? undefined : dirname(out)])
        if (folder !== undefined) removeHalfWritten(folder);
      for (const folder of made)
        try {
          rmdirSync(folder);
        } catch {
          return; // not empty: something finished lies there
        }
    },
  };
}

/** Makes the folder; returns the folders that this made, the deepest first. */
function claimFolder(path: string, option: '--figures' | '--out'): string[] {
  const missing: string[] = [];
  for (let at = resolve(path); !existsSync(at); at = dirname(at)) missing.push(at);
  createFreshFolder(path, option);
  try {
    accessSync(path, constants.W_OK);
  } catch (error) {
    throw badInput(
      `The folder ${path} cannot be written to (${(error as NodeJS.ErrnoException).code}); choose another ${option}.`,
    );
  }
  return missing;
}

function checkFile(
  path: string,
  { option, force, inputs }: { option: string; force: boolean; inputs: readonly string[] },
): void {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found?.isDirectory())
    throw badInput(
      `${path} exists; choose another ${option} or delete it first: it is a folder, and ${option} names a file.`,
    );
  if (found && !force)
    throw badInput(`${path} exists; choose another ${option} or delete it first, or add --force to write over it.`);
  for (const input of inputs)
    if (existsSync(input) && found && realpathSync(input) === realpathSync(path))
      throw badInput(`${option} ${path} is the file that is read; choose another ${option}.`);
  let folder = dirname(resolve(path));
  while (!existsSync(folder)) folder = dirname(folder);
  if (!statSync(folder).isDirectory())
    throw badInput(`${path} lies inside ${folder}, which is a file; choose another ${option}.`);
  for (const place of [folder, ...(found ? [path] : [])])
    try {
      accessSync(place, constants.W_OK);
    } catch (error) {
      throw badInput(`${path} cannot be written (${(error as NodeJS.ErrnoException).code}); choose another ${option}.`);
    }
}

/** Temporary files of this process, which a thread that was stopped had no time to rename (see writeWhole). */
export function removeHalfWritten(folder: string): void {
  if (!existsSync(folder)) return;
  for (const name of readdirSync(folder))
    if (name.endsWith(`.${process.pid}.tmp`)) rmSync(join(folder, name), { force: true });
}
