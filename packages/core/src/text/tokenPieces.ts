// What a token stands for: bytes, as the vocabulary spells them in one of three ways.

/** How a vocabulary spells bytes: GPT-2's letters for bytes, SentencePiece's ▁ and <0x0A>, or as they are. */
export type Spelling = 'byte letters' | 'sentencepiece' | 'plain';

/** Bytes that GPT-2's table leaves as they are; the others are letters from U+0100 on, in order. */
const isPlain = (byte: number): boolean =>
  (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;

/** The letter that stands for each byte in GPT-2's vocabulary (Radford et al. 2019). */
export const BYTE_LETTERS: readonly string[] = (() => {
  let other = 0;
  return Array.from({ length: 256 }, (_, byte) => String.fromCodePoint(isPlain(byte) ? byte : 256 + other++));
})();

const BYTE_OF: ReadonlyMap<string, number> = new Map(BYTE_LETTERS.map((letter, byte) => [letter, byte]));
const BYTE_TOKEN = /^<0x([0-9A-Fa-f]{2})>$/;

/** Whether a token of a SentencePiece vocabulary is a single byte, which stands in where nothing else fits. */
export const isByteToken = (token: string): boolean => BYTE_TOKEN.test(token);

/** The bytes of a token, as UTF-8 has them. */
export function bytesOf(token: string, spelling: Spelling): Uint8Array {
  const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
  if (spelling === 'byte letters') {
    const bytes = [...token].map((letter) => BYTE_OF.get(letter));
    return bytes.includes(undefined) ? encode(token) : Uint8Array.from(bytes as number[]);
  }
  if (spelling === 'plain') return encode(token);
  const byte = BYTE_TOKEN.exec(token)?.[1];
  return byte === undefined ? encode(token.replaceAll('▁', ' ')) : Uint8Array.of(Number.parseInt(byte, 16));
}

/**
 * Bytes made legible on one line: ␣ for a space, the pictures of control characters (␊ for a line's end), and ⟨E2⟩ for a byte
 * that is no whole character.
 */
export function legible(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; ) {
    const size = characterSize(bytes[at] as number);
    const part = bytes.subarray(at, at + size);
    const character = part.length === size ? decoded(part) : null;
    text += character === null ? `⟨${hex(bytes[at] as number)}⟩` : picture(character);
    at += character === null ? 1 : size;
  }
  return text;
}

const characterSize = (lead: number): number => (lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4);

function decoded(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}

const hex = (byte: number): string => byte.toString(16).toUpperCase().padStart(2, '0');

function picture(character: string): string {
  const code = character.codePointAt(0) as number;
  if (code <= 0x20) return String.fromCodePoint(code === 0x20 ? 0x2423 : 0x2400 + code);
  return code === 0x7f ? '\u2421' : character;
}
