// How a command ends: each failure is one sentence on stderr and an exit code. No stack traces for users.

import type { TooLargeError } from '@induction-lab/core/node';

export const EXIT = { done: 0, failed: 1, badInput: 2, interrupted: 130 } as const;

/** A failure that the user can act on. The message is one sentence: what, where, remedy. */
export class CommandError extends Error {
  readonly exitCode: number;
  constructor(message: string, exitCode: number) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** Input or usage that cannot be worked with. */
export const badInput = (message: string): CommandError => new CommandError(message, EXIT.badInput);

/** The sentence and code of anything thrown. Errors of the file system are put in words; others keep their message. */
export function toCommandError(error: unknown): CommandError {
  if (error instanceof CommandError) return error;
  const { code, path, message } = error as NodeJS.ErrnoException;
  const at = path ? ` ${path}` : '';
  if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG')
    return new CommandError(
      `The disk is full: could not write${at}. What was saved before is intact; free some space, then resume or run again.`,
      EXIT.failed,
    );
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS')
    return badInput(`No permission for${at}; choose another place or change its permissions.`);
  if (code === 'ENOENT') return badInput(`There is no${at || ' such file'}; check the path.`);
  if (code === 'EISDIR') return badInput(`${path ?? 'A path'} is a folder; check the path.`);
  if (code === 'ENOTDIR' || code === 'EEXIST')
    return badInput(`${path ?? 'A path'} is a file or lies inside one, where a folder is needed; check the path.`);
  if (code === 'ENAMETOOLONG') return badInput(`The path${at} is too long; choose a shorter one.`);
  const kind = (error as Error).constructor.name;
  if (['ExperimentError', 'FileFormatError', 'ArgumentError', 'DataError', 'TextError'].includes(kind))
    return badInput(message);
  if (kind === 'NotFiniteError') return new CommandError(message, EXIT.failed);
  // V8 tells what it has no memory for by texts alone.
  if (
    error instanceof RangeError &&
    /allocation failed|[Ii]nvalid (typed )?array (buffer )?length|Memory\.grow/.test(message)
  )
    return new CommandError(
      'There is not enough memory for this; ask for fewer sequences or a smaller model.',
      EXIT.failed,
    );
  if (kind === 'TooLargeError') {
    const { fact } = error as TooLargeError;
    return badInput(fact === null ? message : `Too large: ${fact}; make the model, its context or the batch smaller.`);
  }
  return new CommandError(message, EXIT.failed);
}
