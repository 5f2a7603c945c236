// Looking at the model, whole or with parts of it broken.
import type { Wanted } from '../link.ts';
import type { HeadIndex, PathInput } from '../protocol.ts';
import type { Viewport } from '../viewport.ts';
import type { Client } from './client.ts';
import type { Notices } from './notices.ts';
import { type LabState, sameHead } from './state.ts';
import type { Wanting } from './wanted.ts';

export type Looking = ReturnType<typeof createLooking>;

export function createLooking(
  { request, selected, wanted }: LabState,
  {
    client,
    notices,
    viewport,
    wanting,
  }: { client: Pick<Client, 'ask'>; notices: Notices; viewport: Viewport; wanting: Wanting },
) {
  let underWay = false;
  let again = false;

  /** Asks for the present look; while an answer is awaited further calls become one. */
  function look(): void {
    if (underWay) {
      again = true;
      request.value++; // the answer to come is not about this any more
      return;
    }
    underWay = true;
    const asked = wanting.lookNow();
    client
      .ask('look', asked)
      .catch((error) => {
        notices.report(error);
        wanting.keepLook(asked.request as number);
      })
      .finally(() => {
        underWay = false;
        if (!again) return;
        again = false;
        look();
      });
  }

  /** Changes what is looked at or broken, and looks. */
  function change(part: Partial<Wanted>): void {
    wanting.want(part);
    look();
  }

  return {
    look,
    change,

    /** Enlarges a head, or puts it back. */
    toggleEnlarged(head: HeadIndex): void {
      const chosen = selected.value !== null && sameHead(selected.value, head);
      selected.value = chosen ? null : { layer: head.layer, head: head.head };
      if (!chosen) viewport.showPanel('.enlarged');
    },

    toggleAblation(head: HeadIndex): void {
      const { ablated } = wanted.value;
      const rest = ablated.filter((h) => !sameHead(h, head));
      change({ ablated: rest.length < ablated.length ? rest : [...rest, head] });
    },

    toggleCut(input: PathInput): void {
      const { cuts } = wanted.value;
      change({ cuts: cuts.includes(input) ? cuts.filter((c) => c !== input) : [...cuts, input] });
    },

    restore: (): void => change({ ablated: [], cuts: [] }),
  };
}
