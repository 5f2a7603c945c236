// What is pointed at, in words: query, key, tokens, weight, the most probable next tokens, where heads look.
import { useSignalEffect } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { useLab } from '../lab/LabContext.ts';
import type { Cell } from '../lab/state.ts';
import { TOP, type View } from '../protocol.ts';
import { wordIn } from '../viewText.ts';
import { headWeights } from './headWeights.ts';
import { type SharpLook, sharpLooks, sharpText } from './sharpLooks.ts';

/** The edge of the window that is farther from what is pointed at, by pointer or by keys, so that it is never covered. */
function useFarEdge(): 'top' | 'bottom' {
  const { cell } = useLab();
  const [edge, setEdge] = useState<'top' | 'bottom'>('bottom');
  /** Where the pointer is, in pixels from the upper edge; null while keys are used. */
  const pointer = useRef<number | null>(null);
  useEffect(() => {
    const follow = (event: Event): void => {
      pointer.current = event instanceof PointerEvent ? event.clientY : null;
    };
    const KINDS = ['pointermove', 'pointerdown', 'keydown'];
    for (const kind of KINDS) addEventListener(kind, follow, { capture: true, passive: true });
    return () => {
      for (const kind of KINDS) removeEventListener(kind, follow, { capture: true });
    };
  }, []);
  useSignalEffect(() => {
    if (cell.value === null) return;
    const focused = document.activeElement?.getBoundingClientRect();
    const middle = (focused?.top ?? 0) + (focused?.height ?? 0) / 2;
    setEdge((pointer.current ?? middle) > innerHeight / 2 ? 'top' : 'bottom');
  });
  return edge;
}

/** Over the page, at the edge farther from it: who looks at what, in the cell or from the token that is pointed at. */
export function Readout(): JSX.Element {
  const { cell, status, view } = useLab();
  const edge = useFarEdge();
  const shown = view.value;
  const at = cell.value;
  const pointed = shown !== null && at !== null && at.query < shown.tokens.length;
  return (
    <p
      class="readout"
      data-edge={edge}
      data-empty={!pointed}
      data-testid={pointed ? 'cell' : 'no-cell'}
      aria-live={status.value === 'playing' ? 'off' : 'polite'}
    >
      {pointed ? <CellText shown={shown} at={at} /> : null}
    </p>
  );
}

/** Without what gives a shortcut away: that the head looks there where nothing repeats, too. */
const withoutKind = (look: SharpLook): SharpLook => ({
  ...look,
  relations: look.relations.filter((relation) => relation !== 'fixed distance'),
});

function CellText({ shown, at }: { shown: View; at: Cell }): JSX.Element {
  const { rolesSeen } = useLab();
  const { query, key, head } = at;
  const size = shown.tokens.length;
  const label = head === null ? null : shown.bars[head]?.label;
  const weight = head === null ? null : headWeights(shown, head)[query * size + key];
  const next = query < size - 1 ? shown.tokens[query + 1] : null;
  const top = Array.from({ length: TOP }, (_, i) => ({
    token: shown.topTokens[query * TOP + i] as number,
    share: shown.topShares[query * TOP + i] as number,
  }));
  const looks = sharpLooks(shown, query);
  const heads = sharpText(rolesSeen.value ? looks : looks.map(withoutKind), (k) =>
    wordIn(shown, shown.tokens[k] as number),
  );
  return (
    <>
      <b>
        query {query} (token {wordIn(shown, shown.tokens[query] as number)}) → key {key} (token{' '}
        {wordIn(shown, shown.tokens[key] as number)})
      </b>
      {label && weight !== undefined && weight !== null
        ? `, ${label} gives it ${shown.recorded ? `about ${weight.toFixed(2)}` : weight.toFixed(3)}`
        : ''}
      . Predicts{' '}
      {top.map(({ token, share }, i) => (
        <span key={token}>
          {i > 0 ? ', ' : ''}
          <span class="expected" data-right={token === next} data-first={i === 0} style={{ '--share': share }}>
            {wordIn(shown, token)}
          </span>{' '}
          ({(100 * share).toFixed(0)} %)
        </span>
      ))}
      {next === null ? '' : `; next comes ${wordIn(shown, next as number)}`}.
      {heads === '' ? ' No head looks anywhere sharply.' : ` Who looks where: ${heads}.`}
    </>
  );
}
