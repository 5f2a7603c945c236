// What the reader asks to look at, as the worker wants it. Nothing here asks the worker.
import { batch } from '@preact/signals';
import { WANTED_NAMES, type Wanted } from '../link.ts';
import type { OwnTokens } from '../ownTokens.ts';
import type { Look } from '../protocol.ts';
import type { LabState } from './state.ts';

export type Wanting = ReturnType<typeof createWanting>;

export function createWanting({ ownTokens, readsText, request, view, wanted }: LabState) {
  /** What is wanted as a new request, with tokens that were read for one model or another, at the newest step. */
  function lookFor(typed: OwnTokens | null): Look {
    const { own, period, ablated, kind, cuts } = wanted.value;
    const tokens = typed && typed.tokens.length > 0 ? typed.tokens : null;
    request.value++;
    return {
      period,
      tokens,
      typed: tokens && typed ? { text: own ?? '', words: typed.words } : null,
      ablated,
      kind,
      cuts,
      step: null,
      request: request.value,
    };
  }

  return {
    lookFor,

    /** What is wanted now, as a new request. */
    lookNow: (): Look => ({
      ...lookFor(ownTokens.value),
      ...(readsText.value && wanted.value.own !== null ? { text: wanted.value.own } : {}),
      step: wanted.value.viewed,
    }),

    /** Changes what is wanted, without asking for it. */
    want(change: Partial<Wanted>): void {
      wanted.value = { ...wanted.value, ...change };
    },

    /** A look that was refused: unless something else has been asked for since, the controls go back to what is shown. */
    keepLook(refused: number): void {
      const shown = view.value;
      if (request.value !== refused || !shown) return;
      const { period, typed, ablated, kind, cuts, step, request: answered = 0 } = shown.look;
      batch(() => {
        wanted.value = { period, own: typed?.text ?? null, ablated, kind, cuts, viewed: step };
        request.value = answered;
      });
    },

    /** Wants what a link says, from the next request on; what the reader has changed since `since` stays. */
    wantAs(link: Wanted, since: Wanted = wanted.value): void {
      const next: Record<string, unknown> = { ...wanted.value };
      for (const name of WANTED_NAMES)
        if (name !== 'viewed' && wanted.value[name] === since[name]) next[name] = link[name];
      wanted.value = next as unknown as Wanted;
    },
  };
}
