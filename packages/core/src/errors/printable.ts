// Text from outside (a file's names, a link, an option) made fit for a sentence, a terminal, an SVG or a page.

/** What moves a cursor, ends a line, turns the direction of writing, or is no character of XML. */
const UNPRINTABLE = /[\p{Cc}\p{Cs}\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufffe\uffff]/gu;

/** The same text on one line with nothing in it that acts: control characters become their pictures (␛), others �. */
export const printable = (text: string): string =>
  text.replace(UNPRINTABLE, (character) => {
    const code = character.codePointAt(0) as number;
    if (code < 0x20) return String.fromCodePoint(0x2400 + code);
    return code === 0x7f ? '\u2421' : '\ufffd';
  });

/** At most `most` characters, the rest an ellipsis. */
export function shortened(text: string, most = 60): string {
  if (text.length <= most) return text;
  const cut = text.slice(0, most - 1);
  return `${/[\ud800-\udbff]$/.test(cut) ? cut.slice(0, -1) : cut}…`;
}

/**
 * Any value, printable and short: what a message says it got. Plain data as JSON, of which only the beginning is ever
 * written out, however much there is; anything else by what it is: "a Promise", "an Int32Array of 3 numbers".
 */
export function quoted(value: unknown, most = 60): string {
  let text: string | undefined;
  try {
    text = named(value) ?? JSON.stringify(beginning(value, most));
  } catch {
    // a getter or a proxy that throws
  }
  if (typeof value === 'number' || typeof value === 'bigint') text = String(value);
  return shortened(printable(text ?? (typeof value === 'symbol' ? value.toString() : typeof value)), most);
}

/** What was thrown, in its own words: printable and short, whatever it is. */
export const thrown = (error: unknown, most = 200): string =>
  shortened(
    printable(error instanceof Error ? error.message : typeof error === 'string' ? error : quoted(error)),
    most,
  );

/** What a value that is no plain data is called; null for plain data. */
function named(value: unknown): string | null {
  if (typeof value === 'function') return value.name === '' ? 'a function' : `the function ${value.name}`;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
  const prototype = Object.getPrototypeOf(value) as { constructor?: { name?: unknown } } | null;
  const name = prototype?.constructor?.name;
  // Plain objects of another window or context are called Object too.
  if (typeof name !== 'string' || name === '' || name === 'Object') return null;
  const article = /^[AEIO]/.test(name) ? 'an' : 'a';
  const length = ArrayBuffer.isView(value) && 'length' in value ? ` of ${value.length} numbers` : '';
  return `${article} ${name}${length}`;
}

/** How deep plain data is written out. */
const DEPTH = 4;

/** As much of plain data as a text of `most` characters can show. */
function beginning(value: unknown, most: number, depth = 0): unknown {
  if (typeof value === 'string') return value.slice(0, 4 * most);
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  if (typeof value === 'bigint' || typeof value === 'function') return named(value) ?? String(value);
  if (typeof value !== 'object' || value === null) return value;
  if (depth > 0 && named(value) !== null) return named(value);
  if (depth > DEPTH) return '…';
  if (Array.isArray(value)) return Array.from(value.slice(0, most), (x) => beginning(x, most, depth + 1));
  const out: Record<string, unknown> = Object.create(null);
  let count = 0;
  for (const key in value) {
    if (++count > most) break;
    out[key.slice(0, 4 * most)] = beginning((value as Record<string, unknown>)[key], most, depth + 1);
  }
  return out;
}
