// Where a thread's script lies under Node.
import { ArgumentError } from './errors/arguments.ts';
import { quoted } from './errors/printable.ts';

/** The file that a thread starts from. Throws an ArgumentError for what names none. */
export function scriptUrl(caller: string, option: string, given: string | URL): URL {
  const url = URL.canParse(given) ? new URL(given) : null;
  if (url?.protocol !== 'file:')
    throw new ArgumentError(
      `${caller}: options.${option} must be a file's URL, such as pathToFileURL gives, got ${quoted(String(given))}.`,
    );
  return url;
}
