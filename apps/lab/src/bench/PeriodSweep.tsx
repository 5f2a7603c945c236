// The loss at every period, above the slider that sets it: each bar stands over the slider's place for its period.
import type { JSX } from 'preact';
import { useLab } from '../lab/LabContext.ts';
import { SHORTEST_PERIOD, type View } from '../protocol.ts';

/** Shares of guessing that the bars rise to: as high as the loss of any period, between these. What is more is cut off, and said so by its edge. */
const LOW = 2.6;
const HIGH = 6;

export function PeriodSweep({ shown }: { shown: View }): JSX.Element {
  const { sweep, tooLarge } = useLab();
  const losses = sweep.value?.losses ?? [];
  const { lnVocab, period } = shown;
  const top = Math.max(LOW, Math.min(HIGH, Math.max(0, ...losses) / lnVocab));
  const solved = losses.flatMap((loss, i) => (loss < lnVocab / 2 ? [SHORTEST_PERIOD + i] : []));
  const text =
    losses.length === 0
      ? `Loss at every period: ${tooLarge.value ? 'too much work for a model of this size' : 'measured when the model rests'}.`
      : `Loss at every period from ${SHORTEST_PERIOD} to ${SHORTEST_PERIOD + losses.length - 1}; below half of guessing: ${solved.join(', ') || 'none'}.`;
  return (
    <div class="sweep" role="img" aria-label={text} data-testid="sweep" title={text}>
      {losses.map((loss, i) => (
        <i
          key={i}
          data-solved={loss < lnVocab / 2}
          data-more={loss > top * lnVocab}
          data-here={period === SHORTEST_PERIOD + i}
          style={{ height: `${(100 * Math.min(top, loss / lnVocab)) / top}%` }}
        />
      ))}
      <b style={{ bottom: `${100 / top}%` }} />
      <span class="quiet">{losses.length === 0 ? text : 'loss at every period'}</span>
    </div>
  );
}
