// The unmasking: at which period the probe repeats, and what the model pays there.
import type { JSX } from 'preact';
import { change } from '../lab.ts';
import type { View } from '../protocol.ts';
import { own, period, run, view } from '../state.ts';

/** The loss of what is looked at, broken or not, in words and as a bar against guessing. */
function LossNow({ shown }: { shown: View }): JSX.Element | null {
  const { lossRepeat, lossRepeatIntact, lnVocab, broken } = shown;
  if (lossRepeat === null) return null;
  const width = (x: number): string => `${Math.min(100, (100 * x) / (2.5 * lnVocab))}%`;
  const verdictWord =
    lossRepeat > lnVocab * 1.05 ? 'worse than guessing' : lossRepeat < lnVocab / 2 ? 'solved' : 'not solved';
  return (
    <div class="loss-now">
      <p>
        loss on the repeat <b data-testid="loss-repeat">{lossRepeat.toFixed(2)}</b> nats, {verdictWord}
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
      {view.value ? <LossNow shown={view.value} /> : null}
    </div>
  );
}
