// What the reader asks to look at, as the worker wants it. Nothing here asks the worker.
import { batch, type Signal } from '@preact/signals';
import type { LinkState } from '../link.ts';
import type { OwnTokens } from '../ownTokens.ts';
import type { Look } from '../protocol.ts';
import { ablated, cuts, kind, own, ownTokens, period, request, view, viewed } from '../state.ts';

/** The look that is asked for now, as the worker wants it, and as a new request. */
export function lookNow(): Look {
  const typed = own.value === null ? null : ownTokens.value;
  return { ...wanted(typed), step: viewed.value };
}

/** The same with tokens that were read for one model or another. */
export function wanted(typed: OwnTokens | null): Look {
  const tokens = typed && typed.tokens.length > 0 ? typed.tokens : null;
  request.value++;
  return {
    period: period.value,
    tokens,
    typed: tokens && typed ? { text: own.value ?? '', words: typed.words } : null,
    ablated: ablated.value,
    kind: kind.value,
    cuts: cuts.value,
    step: null,
    request: request.value,
  };
}

/** A look that was refused: unless something else has been asked for since, the controls go back to what is shown. */
export function keepLook(refused: number): void {
  const shown = view.value;
  if (request.value !== refused || !shown) return;
  const { look } = shown;
  batch(() => {
    period.value = look.period;
    own.value = look.tokens ? (look.typed?.text ?? null) : null;
    ablated.value = look.ablated;
    kind.value = look.kind;
    cuts.value = look.cuts;
    viewed.value = look.step;
    request.value = look.request ?? 0;
  });
}

/** Looks the way that a link says, from the next request on. */
export function lookAs(state: LinkState, since?: LinkState): void {
  /** What the reader has changed while the link was on its way stays. */
  const set = <K extends keyof LinkState>(part: Signal<LinkState[K]>, name: K): void => {
    if (!since || part.value === since[name]) part.value = state[name];
  };
  batch(() => {
    set(period, 'period');
    set(own, 'own');
    set(ablated, 'ablated');
    set(kind, 'kind');
    set(cuts, 'cuts');
  });
}
