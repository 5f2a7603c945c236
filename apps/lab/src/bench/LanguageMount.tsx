// The place of the panel for language models, whose script is fetched when one is on the bench.
import { type Signal, signal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { useLab } from '../lab/LabContext.ts';
import { notFetched } from '../notFetched.ts';

const panel: Signal<typeof import('./LanguagePanel.tsx') | null> = signal(null);

export function LanguageMount(): JSX.Element {
  const { report } = useLab();
  useEffect(() => {
    import('./LanguagePanel.tsx').then(
      (module) => {
        panel.value = module;
      },
      (error: Error) => report(notFetched(error)),
    );
  }, []);
  const Panel = panel.value?.LanguagePanel;
  return Panel ? <Panel /> : <section class="panel" aria-busy="true" />;
}
