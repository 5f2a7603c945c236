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

/** Any value as JSON, printable and short: what a message says it got. */
export function quoted(value: unknown, most = 60): string {
  // Only the beginning of a long string can be seen; the rest need not be escaped.
  const seen = typeof value === 'string' ? value.slice(0, 4 * most) : value;
  let text: string | undefined;
  try {
    text = JSON.stringify(seen, (_, x) => (typeof x === 'number' && !Number.isFinite(x) ? String(x) : x));
  } catch {
    // a cycle, a BigInt, a getter that throws
  }
  if (typeof value === 'object' && value !== null)
    text ??= Array.isArray(value) ? 'an array' : 'an object'; // too deep, or a cycle
  else if (typeof value === 'number' || text === undefined) text = String(value);
  return shortened(printable(text), most);
}
