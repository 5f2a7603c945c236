// The sequence that everything is seen on: a block repeated at a period, or the reader's own; predictions token by token.
import type { JSX } from 'preact';
import { useRef } from 'preact/hooks';
import { look } from '../lab.ts';
import { TOP, type View } from '../protocol.ts';
import { type Cell, cell, own, ownTokens, status, view } from '../state.ts';
import { roleOf } from './headRoles.ts';
import { headWeights } from './PatternCanvas.tsx';

const wordOf = (token: number): string => ownTokens.value?.words.get(token) ?? String(token);

/** Where each head that looks like an induction head looks from a query: the key with the largest weight. */
function looksAt(shown: View, query: number): { label: string; key: number; weight: number }[] {
  return shown.bars.flatMap((head, index) => {
    if (roleOf(head) !== 'induction') return [];
    const size = shown.tokens.length;
    const row = headWeights(shown, index).subarray(query * size, query * size + query + 1);
    const key = row.indexOf(Math.max(...row));
    return [{ label: head.label, key, weight: row[key] as number }];
  });
}

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
        class="guess"
        data-right={position + 1 < tokens.length && guess === tokens[position + 1]}
        style={{ '--share': shown.topShares[position * TOP] as number }}
      >
        {wordOf(guess)}
      </span>
    </span>
  );
}

function Details({ shown }: { shown: View }): JSX.Element {
  const at = cell.value;
  const pointed = at !== null && at.query < shown.tokens.length;
  return (
    <p
      class="cell-line"
      data-testid={pointed ? 'cell' : 'no-cell'}
      aria-live={status.value === 'playing' ? 'off' : 'polite'}
    >
      {pointed ? (
        <CellText shown={shown} at={at} />
      ) : (
        <span class="quiet">Point at a cell or a token (or use the arrow keys there) to see who looks at what.</span>
      )}
    </p>
  );
}

function CellText({ shown, at }: { shown: View; at: Cell }): JSX.Element {
  const { query, key, head } = at;
  const size = shown.tokens.length;
  const label = head === null ? null : shown.bars[head]?.label;
  const weight = head === null ? null : headWeights(shown, head)[query * size + key];
  const next = query < size - 1 ? shown.tokens[query + 1] : null;
  const top = Array.from({ length: TOP }, (_, i) => ({
    token: shown.topTokens[query * TOP + i] as number,
    share: shown.topShares[query * TOP + i] as number,
  }));
  const induction = looksAt(shown, query);
  return (
    <>
      <b>
        query {query} (token {wordOf(shown.tokens[query] as number)}) → key {key} (token{' '}
        {wordOf(shown.tokens[key] as number)})
      </b>
      {label && weight !== undefined && weight !== null ? `, ${label} gives it ${weight.toFixed(3)}` : ''}. Predicts{' '}
      {top.map(({ token, share }, i) => (
        <span key={token}>
          {i > 0 ? ', ' : ''}
          <span class="guess" data-right={token === next} style={{ '--share': share }}>
            {wordOf(token)}
          </span>{' '}
          ({(100 * share).toFixed(0)} %)
        </span>
      ))}
      {next === null ? '' : `; next comes ${wordOf(next as number)}`}.
      {induction.length > 0
        ? ` Induction heads look at: ${induction.map((i) => `${i.label} at ${i.key} (${wordOf(shown.tokens[i.key] as number)}, ${i.weight.toFixed(2)})`).join('; ')}.`
        : ''}
    </>
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
  const shown = view.value;
  const typed = own.value;
  const complaint =
    typed === null ? null : ownTokens.value === null ? 'Type two tokens or more.' : ownTokens.value.complaint;
  return (
    <section class="panel probe" aria-labelledby="probe-title">
      <h3 id="probe-title">Probe sequence</h3>
      {shown ? <Tokens shown={shown} /> : null}
      {shown ? <Details shown={shown} /> : null}
      <div class="row">
        <label class="own">
          <span>your own sequence</span>
          <input
            type="text"
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
        <span class="token sample" data-copy="first">
          block
        </span>{' '}
        first copy{' '}
        <span class="token sample" data-copy="again">
          again
        </span>{' '}
        second copy{' '}
        <span class="guess sample" style={{ '--share': 0.8 }}>
          next
        </span>{' '}
        what the model expects to come next, fuller the more probable;{' '}
        <span class="guess sample" data-right="true" style={{ '--share': 0.8 }}>
          next
        </span>{' '}
        and it does come
      </p>
    </section>
  );
}
