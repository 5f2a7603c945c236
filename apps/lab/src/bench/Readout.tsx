// What is pointed at, in words: query, key, tokens, weight, the most probable next tokens, where induction heads look.
import type { JSX } from 'preact';
import { TOP, type View } from '../protocol.ts';
import { type Cell, cell, status, view, wordOf } from '../state.ts';
import { roleOf } from './headRoles.ts';
import { headWeights } from './PatternCanvas.tsx';

/** Where each head that looks like an induction head looks from a query: the key with the largest weight. */
export function looksAt(shown: View, query: number): { label: string; key: number; weight: number }[] {
  return shown.bars.flatMap((head, index) => {
    if (roleOf(head) !== 'induction') return [];
    const size = shown.tokens.length;
    const row = headWeights(shown, index).subarray(query * size, query * size + query + 1);
    const key = row.indexOf(Math.max(...row));
    return [{ label: head.label, key, weight: row[key] as number }];
  });
}

/** Below the bench, always in view: who looks at what, in the cell or from the token that is pointed at. */
export function Readout(): JSX.Element {
  const shown = view.value;
  const at = cell.value;
  const pointed = shown !== null && at !== null && at.query < shown.tokens.length;
  return (
    <p
      class="readout"
      data-empty={!pointed}
      data-testid={pointed ? 'cell' : 'no-cell'}
      aria-live={status.value === 'playing' ? 'off' : 'polite'}
    >
      {pointed ? <CellText shown={shown} at={at} /> : null}
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
          <span class="expected" data-right={token === next} style={{ '--share': share }}>
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
