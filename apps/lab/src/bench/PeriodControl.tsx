// The unmasking: at which period the probe repeats, and what the model pays there.
import type { JSX } from 'preact';
import { change } from '../lab.ts';
import { TOP, type View, WORSE_THAN_GUESSING } from '../protocol.ts';
import { own, period, run, view, wordOf } from '../state.ts';

/** What the model expects after the reader's own last token. */
function Expected({ shown }: { shown: View }): JSX.Element | null {
  const last = shown.tokens.length - 1;
  if (shown.period > 0 || last < 0) return null;
  const top = Array.from({ length: TOP }, (_, i) => ({
    word: wordOf(shown.topTokens[last * TOP + i] as number),
    share: Math.round(100 * (shown.topShares[last * TOP + i] as number)),
  }));
  return (
    <p data-testid="expected">
      after “{wordOf(shown.tokens[last] as number)}” it expects <b>{top[0]?.word}</b> ({top[0]?.share} %)
      <span class="quiet">
        , then{' '}
        {top
          .slice(1)
          .map((t) => `${t.word} (${t.share} %)`)
          .join(', ')}
      </span>
    </p>
  );
}

/** The loss of what is looked at, broken or not, in words and as a bar against guessing. */
function LossNow({ shown }: { shown: View }): JSX.Element | null {
  const { lossRepeat, lossRepeatIntact, lnVocab, broken } = shown;
  const typed = shown.period === 0;
  if (lossRepeat === null)
    return typed ? (
      <p class="quiet">Nothing in your sequence can be copied from earlier in it: no loss to show.</p>
    ) : null;
  const width = (x: number): string => `${Math.min(100, (100 * x) / (2.5 * lnVocab))}%`;
  const verdictWord =
    lossRepeat > lnVocab * WORSE_THAN_GUESSING
      ? 'worse than guessing'
      : lossRepeat < lnVocab / 2
        ? 'solved'
        : 'not solved';
  return (
    <div class="loss-now">
      <p>
        loss {typed ? 'where copying is right' : 'on the repeat'}{' '}
        <b data-testid="loss-repeat">{lossRepeat < 1000 ? lossRepeat.toFixed(2) : lossRepeat.toExponential(1)}</b> nats,{' '}
        {verdictWord}
        {broken ? (
          <>
            {' '}
            (intact <span data-testid="loss-intact">{lossRepeatIntact?.toFixed(2)}</span>)
          </>
        ) : null}
      </p>
      <div class="gauge" aria-hidden="true">
        <i class="bar" style={{ width: width(lossRepeat) }} />
        {broken ? <i class="intact" style={{ left: width(lossRepeatIntact as number) }} /> : null}
        <i class="chance" style={{ left: width(lnVocab) }} />
      </div>
    </div>
  );
}

export function PeriodControl(): JSX.Element {
  const longest = Math.floor((run.value?.experiment.model.nCtx ?? 50) / 2);
  const typed = own.value !== null;
  return (
    <div class="period-control">
      <label class="period">
        <span>
          probe’s period <b>{typed ? 'own' : period.value}</b>
        </span>
        <input
          type="range"
          min="2"
          max={longest}
          step="1"
          value={period.value}
          disabled={typed}
          data-testid="period"
          onInput={(e) =>
            change(() => {
              period.value = Number(e.currentTarget.value);
            })
          }
        />
      </label>
      {view.value ? <Expected shown={view.value} /> : null}
      {view.value ? <LossNow shown={view.value} /> : null}
    </div>
  );
}
