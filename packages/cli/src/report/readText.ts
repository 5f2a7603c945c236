// A text that was read, with what its tokens are called, and what is said of it in words: on the terminal and on its page.
import type { FollowingHead, PromptReading } from '@induction-lab/core/node';
import { intervalText, plainNumber } from '../terminal/textTable.ts';

export interface ReadText extends PromptReading {
  readonly text: string;
  /** Labels by token, of all that occur. */
  readonly labels: ReadonlyMap<number, string>;
  /** The heads that follow repeats of random tokens, or the strongest ones where none does. */
  readonly found: {
    readonly period: number;
    readonly sequences: number;
    readonly heads: readonly FollowingHead[];
    /** Whether they follow the repeat. */
    readonly follow: boolean;
  };
}

/** Which heads are shown, and why. */
export function headsSentence({ found }: ReadText): string {
  const how = `random tokens that come again after ${found.period}, ${found.sequences} sequences`;
  const named = found.heads.map(({ label, excess }) => `${label} ${plainNumber(excess.value)}`).join(', ');
  return found.follow
    ? `Induction heads, by attention that follows the repeat of ${how}: ${named}.`
    : `No head follows the repeat of ${how}: these are no induction heads, only the strongest: ${named}.`;
}

export const NOTHING_TWICE =
  'No token of this text comes twice, so there is nothing to copy: no place where heads would look back to, and nothing to lose with heads off. Repeat a name or a phrase to see it.';

/** What is left of the copying with heads off; null where that was not measured because nothing comes twice. */
export function withoutSentence({ without, found, copies }: ReadText): string | null {
  if (without === null)
    return copies.length === 0
      ? null
      : 'No token that came before is followed by what followed it then: there is nothing to lose with heads off.';
  const { heads, clean, without: off, random, randomMean, ofOtherLayers } = without;
  const all = random.map((draw) => draw.without);
  const others =
    random.length === 0
      ? 'There are no other heads to compare with.'
      : `With ${random.length} draws of as many random heads of the same layers off: ${plainNumber(randomMean.value)} nats on average ${intervalText(randomMean, (x) => plainNumber(x))}, from ${plainNumber(Math.min(...all))} to ${plainNumber(Math.max(...all))}${ofOtherLayers > 0 ? `; ${ofOtherLayers} of them from other layers, since theirs have too few others` : ''}.`;
  return `The copied tokens cost ${plainNumber(clean.value)} nats on average, and ${plainNumber(off.value)} with ${heads.join(', ')} off${found.follow ? '' : ' (no induction heads)'}. ${others}`;
}

/** A writer's part in the logits that were split: their mean. */
export interface WriterPart {
  readonly part: string;
  readonly logit: number;
}

/** The strongest writers, the others together, and the sum; with what was split, in words. */
export function writersOf(
  { attribution: { parts, logits }, labels, copies }: ReadText,
  most: number,
): { readonly what: string; readonly rows: readonly WriterPart[] } {
  const mean = (of: (i: number) => number): number => logits.reduce((sum, _, i) => sum + of(i), 0) / logits.length;
  const sums = parts.map(({ part }, w) => ({ part, logit: mean((i) => logits[i]!.written[w]!) }));
  const total = mean((i) => logits[i]!.total);
  const strongest = [...sums].sort((a, b) => Math.abs(b.logit) - Math.abs(a.logit)).slice(0, most);
  const rest = total - strongest.reduce((sum, { logit }) => sum + logit, 0);
  const copied = copies.some(({ query, comesAgain }) => query === logits[0]!.query && comesAgain !== false);
  const what = copied
    ? `What the prediction of the copied token owes to whom (${logits.map(({ query, token }) => `${labels.get(token)} after ${query}`).join(', ')}; their mean)`
    : `What the prediction after the last token, ${labels.get(logits[0]!.token)}, owes to whom`;
  return {
    what,
    rows: [
      ...strongest,
      { part: `the other ${parts.length - strongest.length}`, logit: rest },
      { part: 'all together', logit: total },
    ],
  };
}
