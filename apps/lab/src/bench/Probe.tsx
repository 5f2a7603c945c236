// The sequence that everything is seen on: a block repeated at a period, or the reader's own; predictions token by token.
import type { JSX } from 'preact';
import { useRef } from 'preact/hooks';
import { look } from '../lab.ts';
import { MOST_LETTERS } from '../link.ts';
import { TOP, type View } from '../protocol.ts';
import { cell, own, ownTokens, viewLater, wordOf } from '../state.ts';
import { looksAt } from './Readout.tsx';

/** A token, and below it what the model expects to come next: the fuller the colour, the more probable. */
function Column({ shown, position, looked }: { shown: View; position: number; looked: boolean }): JSX.Element {
  const at = cell.value;
  const { period: P, tokens } = shown;
  const copy = P === 0 ? '' : position < P ? 'first' : position < 2 * P ? 'again' : 'rest';
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
        {wordOf(tokens[position] as number)}
      </span>
      <span
        class="expected"
        data-right={position + 1 < tokens.length && guess === tokens[position + 1]}
        style={{ '--share': shown.topShares[position * TOP] as number }}
      >
        {wordOf(guess)}
      </span>
    </span>
  );
}

/** The induction heads' favourite key for a query, so that pointing at a token shows something. */
function pointAt(shown: View, query: number): void {
  const found = looksAt(shown, query).sort((a, b) => b.weight - a.weight)[0];
  const head = found ? shown.bars.findIndex((b) => b.label === found.label) : null;
  cell.value = { query, key: found?.key ?? query, head };
}

function Tokens({ shown }: { shown: View }): JSX.Element {
  const host = useRef<HTMLDivElement>(null);
  const at = cell.value;
  const looked = new Set(at && at.query < shown.tokens.length ? looksAt(shown, at.query).map((i) => i.key) : []);
  const hover = (event: PointerEvent): void => {
    const position = (event.target as HTMLElement).closest<HTMLElement>('.column')?.dataset.position;
    if (position !== undefined) pointAt(shown, Number(position));
  };
  const walk = (event: KeyboardEvent): void => {
    const by = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
    if (by === 0) return;
    event.preventDefault();
    const size = shown.tokens.length;
    pointAt(shown, Math.max(0, Math.min(size - 1, (cell.value?.query ?? -1) + by)));
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
      onKeyDown={walk}
    >
      {shown.tokens.map((_, position) => (
        <Column key={position} shown={shown} position={position} looked={looked.has(position)} />
      ))}
    </div>
  );
}

export function Probe(): JSX.Element {
  const shown = viewLater.value;
  const typed = own.value;
  const complaint =
    typed === null ? null : ownTokens.value === null ? 'Type two tokens or more.' : ownTokens.value.complaint;
  return (
    <section class="panel probe" aria-labelledby="probe-title">
      <h3 id="probe-title">Probe sequence</h3>
      {shown ? <Tokens shown={shown} /> : null}
      <p class="quiet hint">Point at a cell or a token (or use the arrow keys there) to see who looks at what.</p>
      <div class="row">
        <label class="own">
          <span>your own sequence</span>
          <input
            type="text"
            maxLength={MOST_LETTERS}
            value={typed ?? ''}
            placeholder="numbers or words: the cat sat on the"
            data-testid="own"
            onInput={(e) => {
              own.value = e.currentTarget.value.trim() === '' ? null : e.currentTarget.value;
              look();
            }}
          />
        </label>
        {complaint ? <span class="complaint">{complaint}</span> : null}
      </div>
      <p class="legend">
        {typed === null ? (
          <>
            <span class="token sample" data-copy="first">
              block
            </span>{' '}
            first copy{' '}
            <span class="token sample" data-copy="again">
              again
            </span>{' '}
            second copy, then tokens that repeat nothing{' '}
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
