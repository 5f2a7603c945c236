// What JSON.parse lets pass in silence: a key that stands twice in an object (the last one wins), and nesting so deep that
// whoever walks the value runs out of stack.
import { quoted } from '../../errors/printable.ts';

/** Objects and arrays may lie this deep in one another. */
const DEEPEST = 100;

/**
 * What is wrong with the keys of a valid JSON text, as the end of a sentence that begins with what the text is, or null:
 * `has the key "n_heads" twice`. With `header` also what only a safetensors header forbids: numbers that are not whole,
 * and strings that hold half a character. Takes time in proportion to the text.
 */
export function keyFault(text: string, { header = false }: { header?: boolean } = {}): string | null {
  const open: (Set<string> | null)[] = []; // the keys so far of each object around this place; null for an array
  let isKey = false;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === '"') {
      const end = endOfString(text, at);
      const raw = text.slice(at, end + 1);
      if (header && /\\u[dD][89a-fA-F]/.test(raw) && /\p{Cs}/u.test(JSON.parse(raw) as string))
        return 'has a string with half a character in it';
      const keys = open.at(-1);
      if (isKey && keys) {
        const key = raw.includes('\\') ? (JSON.parse(raw) as string) : raw.slice(1, -1);
        if (keys.has(key)) return `has the key ${quoted(key)} twice`;
        keys.add(key);
        isKey = false;
      }
      at = end;
    } else if (character === '{' || character === '[') {
      if (open.length === DEEPEST) return `is nested more than ${DEEPEST} deep`;
      isKey = character === '{';
      open.push(isKey ? new Set() : null);
    } else if (character === '}' || character === ']') open.pop();
    else if (character === ',') isKey = open.at(-1) !== null;
    else if (header && (character === '.' || character === '-')) return 'has a number that is negative or not whole';
    else if (header && (character === 'e' || character === 'E') && /\d/.test(text[at - 1] as string))
      return 'has a number that is negative or not whole';
  }
  return null;
}

/** Where the string that begins at `start` ends: the index of its closing quotation mark. */
function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at;
}
