// What a user's module threw, in words: the line where it happened, and what it says.
import { printable, quoted, shortened } from '../../errors/printable.ts';

/** As " at line 7: boom"; without the line where the stack does not name it. `url` is where the module was loaded from. */
export function thrownText(error: unknown, url: string | undefined): string {
  const line = url === undefined ? undefined : lineIn(error, url);
  return `${line === undefined ? '' : ` at line ${line}`}: ${shortened(printable(messageOf(error)), 200)}`;
}

function messageOf(error: unknown): string {
  try {
    if (error instanceof Error) return String(error.message);
  } catch {
    // a message that throws when it is read
  }
  return quoted(error);
}

/** The first line of the module that the stack of an error names. */
function lineIn(error: unknown, url: string): string | undefined {
  try {
    const { stack } = error as { stack?: unknown };
    if (typeof stack !== 'string') return undefined;
    const at = stack.indexOf(`${url}:`);
    return at < 0 ? undefined : /^\d+/.exec(stack.slice(at + url.length + 1))?.[0];
  } catch {
    return undefined; // null, or a stack that throws when it is read
  }
}
