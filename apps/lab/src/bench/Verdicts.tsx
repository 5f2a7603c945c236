// The verdict: of a language model in three answers, of any other in one.
import type { JSX } from 'preact';
import { useLab } from '../lab/LabContext.ts';
import { LanguageMount } from './LanguageMount.tsx';
import { VerdictPanel } from './VerdictPanel.tsx';

export function Verdicts(): JSX.Element {
  const { readsText } = useLab();
  return readsText.value ? <LanguageMount /> : <VerdictPanel />;
}
