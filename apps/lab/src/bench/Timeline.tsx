// The kept checkpoints: scrub, resume.
import type { JSX } from 'preact';
import { useLab } from '../lab/LabContext.ts';
import { Action } from './Action.tsx';

export function Timeline(): JSX.Element | null {
  const { change, isLoaded, progress, resumeFrom, run, status, step, wanted } = useLab();
  if (isLoaded.value || run.value === null) return null;
  const steps = progress.value.kept;
  const { viewed } = wanted.value;
  const at = viewed ?? step.value;
  const index = Math.max(
    0,
    steps.findLastIndex((s) => s <= at),
  );
  const last = steps.length - 1;
  const scrub = (event: { currentTarget: HTMLInputElement }): void => {
    const next = Number(event.currentTarget.value);
    change({ viewed: next >= last ? null : (steps[next] ?? null) });
  };
  const old = viewed !== null && viewed !== step.value;
  return (
    <section class="timeline" aria-label="Timeline of kept checkpoints">
      <label for="scrub">timeline</label>
      <input
        id="scrub"
        type="range"
        min="0"
        max={last}
        step="1"
        value={index}
        disabled={last < 1}
        onInput={scrub}
        aria-valuetext={`step ${steps[index] ?? 0}${index === last ? ', the newest' : ''}`}
        data-testid="timeline"
      />
      <output for="scrub">step {steps[index] ?? 0}</output>
      <Action idle={!old || status.value === 'playing'} onPress={() => void resumeFrom(steps[index] as number)}>
        Resume from here
      </Action>
    </section>
  );
}
