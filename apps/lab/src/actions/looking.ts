// Looking at the model, whole or with parts of it broken.
import { batch } from '@preact/signals';
import type { HeadIndex, PathInput } from '../protocol.ts';
import { showPanel } from '../showPanel.ts';
import { ablated, cuts, request, sameHead, selected } from '../state.ts';
import { keepLook, lookNow } from './asked.ts';
import { client } from './hearing.ts';
import { tell } from './notices.ts';

let lookUnderWay = false;
let lookAgain = false;

/** Asks for the present look; while an answer is awaited further calls become one. */
export function look(): void {
  if (lookUnderWay) {
    lookAgain = true;
    request.value++; // the answer to come is not about this any more
    return;
  }
  lookUnderWay = true;
  const asked = lookNow();
  client
    .ask('look', asked)
    .catch((error) => {
      tell(error);
      keepLook(asked.request as number);
    })
    .finally(() => {
      lookUnderWay = false;
      if (!lookAgain) return;
      lookAgain = false;
      look();
    });
}

/** Enlarges a head, or puts it back. */
export function toggleEnlarged(head: HeadIndex): void {
  const chosen = selected.value !== null && sameHead(selected.value, head);
  selected.value = chosen ? null : { layer: head.layer, head: head.head };
  if (!chosen) showPanel('.enlarged');
}

/** Changes what is looked at or broken, and looks. */
export function change(apply: () => void): void {
  batch(apply);
  look();
}

export const toggleAblation = (head: HeadIndex): void =>
  change(() => {
    const rest = ablated.value.filter((h) => !sameHead(h, head));
    ablated.value = rest.length < ablated.value.length ? rest : [...rest, head];
  });

export const toggleCut = (input: PathInput): void =>
  change(() => {
    cuts.value = cuts.value.includes(input) ? cuts.value.filter((c) => c !== input) : [...cuts.value, input];
  });

export const restore = (): void =>
  change(() => {
    ablated.value = [];
    cuts.value = [];
  });
