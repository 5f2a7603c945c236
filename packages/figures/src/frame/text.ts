// Advance widths of DejaVu Sans, in units of the font size, rounded up. It is the font of our PNG files and wider than the system fonts a
// browser picks, so what fits here fits there.
const advances: readonly (readonly [RegExp, number])[] = [
  [/[\sijl.,:;'|!]/, 0.34],
  [/[ftr()\-/I]/, 0.41],
  [/[mwMW@%+=−<>]/, 0.9],
  [/[A-HJ-LN-VX-Z]/, 0.72],
];

/** An upper estimate of a text's width in pixels at a font size in pixels; `bold` adds a tenth. */
export function textWidth(text: string, fontSize: number, bold = false): number {
  let advance = 0;
  for (const character of text) advance += advances.find(([set]) => set.test(character))?.[1] ?? 0.62;
  return advance * fontSize * (bold ? 1.1 : 1);
}

/** Breaks a text at spaces (and after hyphens) into lines no wider than `width` pixels; one long word stays whole. */
export function wrapText(text: string, width: number, fontSize: number, bold = false): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/(?<=-)|(?<=\s)/)) {
    if (line !== '' && textWidth((line + word).trimEnd(), fontSize, bold) > width) {
      lines.push(line.trimEnd());
      line = '';
    }
    line += word;
  }
  if (line.trim() !== '') lines.push(line.trimEnd());
  return lines;
}

/** Wraps a text like `wrapText`, with as many lines, but of nearly equal width: a short heading does not leave one word behind. */
export function wrapEvenly(text: string, width: number, fontSize: number): string[] {
  const lines = wrapText(text, width, fontSize);
  let best = lines;
  for (let narrower = width - 4; narrower > 0; narrower -= 4) {
    const tried = wrapText(text, narrower, fontSize);
    if (tried.length > lines.length) break;
    best = tried;
  }
  return best;
}

/** The text, or as much of its beginning as fits with an ellipsis. */
export function shorten(text: string, width: number, fontSize: number): string {
  if (textWidth(text, fontSize) <= width) return text;
  let kept = text;
  while (kept !== '' && textWidth(`${kept}…`, fontSize) > width) kept = kept.slice(0, -1);
  return `${kept.trimEnd()}…`;
}

/** A loss in nats or another magnitude: two decimals, or one significant digit below 0.01. */
export function formatLoss(value: number): string {
  if (value === 0) return '0';
  return Math.abs(value) >= 0.01 ? value.toFixed(2) : value.toPrecision(1);
}

/** A share from 0 to 1: two decimals, three below 0.1. */
export function formatShare(value: number): string {
  return Math.abs(value) >= 0.0995 ? value.toFixed(2) : value.toFixed(3);
}

/** A whole number with thousands separated by commas, the same in every locale. */
export function formatCount(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** "1 run", "2 runs": a count with its noun. */
export const counted = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`;

/** A number with so many decimals, a true minus sign, and no sign on what rounds to zero. */
export function formatNumber(value: number, decimals: number): string {
  const text = Math.abs(value).toFixed(decimals);
  const whole = text.replace(/^\d{4,}/, (digits) => formatCount(Number(digits)));
  return value < 0 && Number(text) !== 0 ? `−${whole}` : whole;
}

/** Decimals with which numbers of this magnitude keep two or three significant digits: two for 0.1 to 10, fewer above, more below. */
export function decimalsFor(magnitude: number): number {
  if (!(magnitude > 0)) return 0;
  const exponent = Math.floor(Math.log10(magnitude) + 1e-9);
  return Math.min(8, Math.max(0, exponent < 0 ? 1 - exponent : 2 - exponent));
}

/** "ln 64", or null where `lnVocab` is no logarithm of a whole number. */
function vocabName(lnVocab: number): string | null {
  const vocab = Math.round(Math.exp(lnVocab));
  return Math.abs(Math.log(vocab) - lnVocab) < 1e-4 ? `ln ${vocab}` : null;
}

/** The label of the uniform guess: "ln 64 = 4.16 (chance)". */
export function chanceLabel(lnVocab: number): string {
  const name = vocabName(lnVocab);
  return name ? `${name} = ${lnVocab.toFixed(2)} (chance)` : `chance ${lnVocab.toFixed(2)}`;
}

/** The label of the threshold for "solved": "threshold ½ ln 64 = 2.08" where it is half of chance, else "threshold 1.50". */
export function thresholdLabel(threshold: number, lnVocab: number): string {
  const name = Math.abs(threshold - lnVocab / 2) < 1e-3 ? vocabName(lnVocab) : null;
  return name ? `threshold ½ ${name} = ${threshold.toFixed(2)}` : `threshold ${threshold.toFixed(2)}`;
}
