// The sequence that everything is seen on: a block repeated at a period, or the reader's own; predictions token by token.
import type { JSX } from 'preact';
import { useRef } from 'preact/hooks';
import { useLab } from '../lab/LabContext.ts';
import { MOST_LETTERS } from '../link.ts';
import { TOP, type View } from '../protocol.ts';
import { wordIn } from '../viewText.ts';
import { pointAt } from './pointAt.ts';
import { sharpLooks } from './sharpLooks.ts';

/** A token, and below it what the model expects to come next: the fuller the colour, the more probable. */
function Column({ shown, position, looked }: { shown: View; position: number; looked: boolean }): JSX.Element {
  const { cell } = useLab();
  const at = cell.value;
  const { period: P, start, tokens } = shown;
  const at0 = position - start;
  const copy = P === 0 || at0 < 0 ? '' : at0 < P ? 'first' : at0 < 2 * P ? 'again' : 'rest';
  const guess = shown.topTokens[position * TOP] as number;
  return (
    <span class="column" data-position={position}>
      <span
        class="token"
        data-copy={copy}
        data-query={at?.query === position}
        data-key={at?.key === position}
        data-looked={looked}
      >
        {wordIn(shown, tokens[position] as number)}
      </span>
      <span
        class="expected"
        data-right={position + 1 < tokens.length && guess === tokens[position + 1]}
        style={{ '--share': shown.topShares[position * TOP] as number }}
      >
        {wordIn(shown, guess)}
      </span>
    </span>
  );
}

/** Whether what comes after the two copies repeats something: a small vocabulary has not enough tokens to avoid it. */
function repeatsAfterwards({ tokens, period, start }: View): boolean {
  const block = tokens.slice(start, start + period);
  const rest = tokens.slice(start + 2 * period);
  return new Set([...block, ...rest]).size < new Set(block).size + rest.length;
}

function Tokens({ shown }: { shown: View }): JSX.Element {
  const lab = useLab();
  const { cell } = lab;
  const host = useRef<HTMLDivElement>(null);
  const at = cell.value;
  const looked = new Set(
    at && at.query < shown.tokens.length ? sharpLooks(shown, at.query).map((look) => look.key) : [],
  );
  const hover = (event: PointerEvent): void => {
    const position = (event.target as HTMLElement).closest<HTMLElement>('.column')?.dataset.position;
    if (position !== undefined) pointAt(lab, shown, Number(position));
  };
  const walk = (event: KeyboardEvent): void => {
    const by = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
    if (by === 0) return;
    event.preventDefault();
    const size = shown.tokens.length;
    pointAt(lab, shown, Math.max(0, Math.min(size - 1, (cell.value?.query ?? -1) + by)));
  };
  return (
    // biome-ignore lint/a11y/useSemanticElements: a group that arrow keys move in; fieldset is for form fields
    <div
      class="tokens"
      ref={host}
      role="group"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: arrow keys move over its tokens
      tabIndex={0}
      aria-label={`Sequence of ${shown.tokens.length} tokens; left and right arrow keys move the query`}
      onPointerOver={hover}
      onPointerLeave={() => {
        cell.value = null;
      }}
      onFocus={() => {
        if (cell.value === null) pointAt(lab, shown, Math.min(shown.tokens.length - 1, shown.start + shown.period));
      }}
      onBlur={() => {
        cell.value = null;
      }}
      onKeyDown={walk}
    >
      {shown.tokens.map((_, position) => (
        <Column key={position} shown={shown} position={position} looked={looked.has(position)} />
      ))}
    </div>
  );
}

export function Probe(): JSX.Element {
  const { change, ownComplaint, readsText, viewOfTokens, wanted } = useLab();
  const shown = viewOfTokens.value;
  const typed = wanted.value.own;
  const shownTyped = shown?.look.tokens != null;
  const complaint = ownComplaint.value;
  return (
    <section class="panel probe" aria-labelledby="probe-title">
      <h3 id="probe-title">Probe sequence</h3>
      {shown ? <Tokens shown={shown} /> : null}
      <p class="quiet hint">Point at a cell or a token (or use the arrow keys there) to see who looks at what.</p>
      <div class="row">
        <label class="own">
          <span>{readsText.value ? 'your own text' : 'your own sequence'}</span>
          <input
            type="text"
            maxLength={MOST_LETTERS}
            value={typed ?? ''}
            placeholder={
              readsText.value ? 'a text in words: Tim had a red ball' : 'numbers or words: the cat sat on the'
            }
            data-testid="own"
            onInput={(e) => change({ own: e.currentTarget.value.trim() === '' ? null : e.currentTarget.value })}
          />
        </label>
        {complaint ? <span class="complaint">{complaint}</span> : null}
      </div>
      <p class="legend">
        {shown && !shownTyped ? (
          <>
            <span class="token sample" data-copy="first">
              block
            </span>{' '}
            first copy{' '}
            <span class="token sample" data-copy="again">
              again
            </span>{' '}
            second copy, then {repeatsAfterwards(shown) ? 'random tokens' : 'tokens that repeat nothing'}{' '}
          </>
        ) : null}
        <span class="expected sample" style={{ '--share': 0.8 }}>
          next
        </span>{' '}
        what the model expects to come next, fuller the more probable;{' '}
        <span class="expected sample" data-right="true" style={{ '--share': 0.8 }}>
          next
        </span>{' '}
        and it does come
      </p>
    </section>
  );
}
