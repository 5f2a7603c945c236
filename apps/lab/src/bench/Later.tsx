// Panels that the first view does without: fetched when it is there.
import { type Signal, signal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { useLab } from '../lab/LabContext.ts';
import { notFetched } from '../notFetched.ts';
import { whenIdle } from '../whenIdle.ts';

type Parts = typeof import('./laterParts.ts');

const parts: Signal<Parts | null> = signal(null);
let asked = false;

/** Draws some of them, once they are fetched. */
export function Later({ part }: { part: (parts: Parts) => JSX.Element }): JSX.Element | null {
  const { report, view } = useLab();
  const isShown = view.value !== null;
  useEffect(() => {
    if (asked || !isShown) return;
    asked = true;
    whenIdle(() => {
      import('./laterParts.ts').then(
        (module) => {
          parts.value = module;
        },
        (error: Error) => {
          asked = false;
          report(notFetched(error));
        },
      );
    });
  }, [isShown]);
  return parts.value && part(parts.value);
}
