// What was measured, in words: for tables, sentences and figures alike, so that each names the measure and its unit.
import type { Measured } from '@induction-lab/core/node';

export interface MeasureWords {
  /** As in "the loss on the repeat". */
  readonly name: string;
  readonly unit: string;
  /** "increase" where more is worse, else "change". */
  readonly change: string;
  /** Which way is worse, where that is not said by the word; begins with "; " or is empty. */
  readonly direction: string;
  /** What heads do for it: the whole that faithfulness is a share of. */
  readonly drop: string;
}

const NAMES: Readonly<Record<string, string>> = {
  loss: 'loss',
  'logit-diff': 'logit difference',
  probability: 'probability of the right answer',
};

/** The words for a record; `repeats` says whether it is about repeats that were drawn. */
export function measureWords({ measure }: Measured, { repeats }: { repeats: boolean }): MeasureWords {
  const { name, unit, better } = measure ?? { name: 'loss', unit: 'nats', better: 'lower' };
  const said = NAMES[name] ?? name;
  return {
    name: repeats ? `${said} on the repeat` : said,
    unit,
    change: better === 'lower' ? 'increase' : 'change',
    direction: better === 'higher' ? '; below 0 is worse' : '',
    drop: name === 'loss' ? 'loss drop' : `drop in ${name}`,
  };
}

/** The loss on drawn repeats: what is measured unless somebody asks for something else. */
export const LOSS_ON_REPEATS: MeasureWords = measureWords({}, { repeats: true });

/** What an effect is, with its unit: as in "increase of the loss on the repeat (nats)". */
export function changeOf(record: Measured & { readonly periods: readonly number[] }, how = ''): string {
  const { name, unit, change } = measureWords(record, { repeats: record.periods.length > 0 });
  return `${change} of the ${name}${how === '' ? '' : ` ${how}`} (${unit})`;
}
