// The places of panels that are fetched when the first view is there.
import { effect, type Signal, signal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { useLab } from '../lab/LabContext.ts';
import { notFetched } from '../notFetched.ts';
import { whenIdle } from '../whenIdle.ts';

const panels: Signal<typeof import('./fetched.ts') | null> = signal(null);

export function FetchedPanels(): JSX.Element | null {
  const { report, view } = useLab();
  useEffect(() => {
    const stop = effect(() => {
      if (view.value === null) return;
      queueMicrotask(() => stop());
      whenIdle(() => {
        import('./fetched.ts').then(
          (module) => {
            panels.value = module;
          },
          (error: Error) => report(notFetched(error)),
        );
      });
    });
    return stop;
  }, []);
  const fetched = panels.value;
  return (
    fetched && (
      <>
        <fetched.WallPanel />
        <fetched.GalleryPanel />
        <fetched.KeptRuns />
      </>
    )
  );
}
