// The figures that the page draws and saves: their script is fetched when the first view, which does without, is there.
import { effect } from '@preact/signals';
import type { Lab } from '../lab/createLab.ts';
import { orNotFetched } from '../notFetched.ts';
import { whenIdle } from '../whenIdle.ts';

/** What draws figures. Throws an Error that says what to do where it cannot be had. */
export const figures = (): Promise<typeof import('./figureFiles.ts')> => orNotFetched(import('./figureFiles.ts'));

/** Fetches what draws figures, which the first view does without, while nothing trains: later the page needs no network. */
export function fetchFiguresWhenIdle({ status, view }: Lab): void {
  const stop = effect(() => {
    if (view.value === null || status.value === 'playing') return;
    queueMicrotask(() => stop());
    whenIdle(() => {
      figures().catch(() => {}); // told when a figure is asked for
    });
  });
}
