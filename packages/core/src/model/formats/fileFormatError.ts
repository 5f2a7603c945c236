/**
 * What tells faults of files apart where a caller does something about them: the config is missing, is none, or must not be
 * given beside the file (`config-…`); of all others the sentence is enough (`file`).
 */
export type FileFormatCode = 'file' | 'config-missing' | 'config-broken' | 'config-unwanted';

/** How somebody who reads files is given a config beside them: the words of the remedies. */
export interface ConfigWords {
  /** As in "pass its config …". */
  readonly pass: string;
  /** As in "leave … out". */
  readonly name: string;
}

/** The command line's. */
export const COMMAND_WORDS: ConfigWords = { pass: 'with --model-config FILE', name: '--model-config' };

/** Raised for a file that cannot be read; the message says what is wrong with it and what to do. */
export class FileFormatError extends Error {
  readonly code: FileFormatCode;
  constructor(sentence: string, { code = 'file', ...options }: ErrorOptions & { code?: FileFormatCode } = {}) {
    super(sentence, options);
    this.code = code;
  }
}
