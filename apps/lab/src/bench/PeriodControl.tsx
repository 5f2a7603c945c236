// The unmasking: at which period the probe repeats, and what the model pays there.
import type { JSX } from 'preact';
import { copiesIn } from '../copying.ts';
import { useLab } from '../lab/LabContext.ts';
import { longestPeriod, type Shown } from '../lab/state.ts';
import { SHORTEST_PERIOD, TOP, type View, WORSE_THAN_GUESSING } from '../protocol.ts';
import { wordIn } from '../viewText.ts';
import { PeriodSweep } from './PeriodSweep.tsx';

/** What the model expects after the reader's own last token. */
function Expected({ shown }: { shown: View }): JSX.Element | null {
  const last = shown.tokens.length - 1;
  if (!shown.look.tokens || last < 0) return null;
  const top = Array.from({ length: TOP }, (_, i) => ({
    word: wordIn(shown, shown.topTokens[last * TOP + i] as number),
    share: Math.round(100 * (shown.topShares[last * TOP + i] as number)),
  }));
  return (
    <p data-testid="expected">
      after “{wordIn(shown, shown.tokens[last] as number)}” it expects <b>{top[0]?.word}</b> ({top[0]?.share} %)
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

/** Why a typed sequence has no loss to show: where copying is right cannot be known, or is nowhere. */
function NoLoss({ shown }: { shown: View }): JSX.Element {
  const { wrong, afterLast } = copiesIn(shown.tokens);
  const quoted = (token: number): string => `“${wordIn(shown, token)}”`;
  const last = quoted(shown.tokens.at(-1) as number);
  const inside =
    wrong.length > 0
      ? `${quoted(shown.tokens[wrong[0] as number] as number)} comes again, but not what followed it: copying is right nowhere in your sequence, so there is no loss to show.`
      : 'Nothing in your sequence can be copied from earlier in it: no token comes twice, so there is no loss to show.';
  const atTheEnd = `${last} stood before and was followed by ${afterLast.slice(0, 3).map(quoted).join(' or ')}: copying would expect that next. Type what comes next to see its loss.`;
  return (
    <p class="quiet" data-testid="no-loss">
      {afterLast.length > 0 ? atTheEnd : inside}
    </p>
  );
}

/** The loss of what is looked at, broken or not, in words and as a bar against guessing. */
function LossNow({ shown }: { shown: View }): JSX.Element | null {
  const { status } = useLab();
  const { lossRepeat, lossRepeatIntact, lnVocab, broken } = shown;
  const typed = shown.look.tokens !== null;
  if (lossRepeat === null) return typed ? <NoLoss shown={shown} /> : null;
  // As long as what it shows: a loss however large stays below its end, and guessing has its place beside it.
  const end = Math.max(2.5 * lnVocab, 1.02 * lossRepeat, 1.02 * (lossRepeatIntact ?? 0));
  const width = (x: number): string => `${(100 * x) / end}%`;
  const solvedWord =
    lossRepeat > lnVocab * WORSE_THAN_GUESSING
      ? 'worse than guessing'
      : lossRepeat < lnVocab / 2
        ? 'solved'
        : 'not solved';
  return (
    <div class="loss-now">
      <p aria-live={status.value === 'playing' ? 'off' : 'polite'} aria-atomic="true">
        loss {typed ? 'where copying is right' : 'on the repeat'}{' '}
        <b data-testid="loss-repeat">{lossRepeat < 1000 ? lossRepeat.toFixed(2) : lossRepeat.toExponential(1)}</b> nats,{' '}
        {solvedWord}
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
  const { change, ownSeen, view, wanted } = useLab();
  const shown: Shown | null = view.value;
  const longest = shown ? longestPeriod(shown.run.experiment.model) : 25;
  return (
    <div class="period-control">
      <div class="period">
        <label for="probe-period">
          probe’s period <b>{shown?.look.tokens ? 'own' : (shown?.period ?? wanted.value.period)}</b>
        </label>
        {shown ? <PeriodSweep shown={shown} /> : null}
        <input
          id="probe-period"
          type="range"
          min={SHORTEST_PERIOD}
          max={longest}
          step="1"
          value={wanted.value.period}
          disabled={ownSeen.value}
          data-testid="period"
          onInput={(e) => change({ period: Number(e.currentTarget.value) })}
        />
      </div>
      {shown ? <Expected shown={shown} /> : null}
      {shown ? <LossNow shown={shown} /> : null}
    </div>
  );
}
