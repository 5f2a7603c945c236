// The kept checkpoints: scrub, play backwards, resume; and what happened at which of them.
import type { JSX } from 'preact';
import { useLab } from '../lab/LabContext.ts';
import { Action } from './Action.tsx';
import { eventsOf, eventText, type RunEvent } from './events.ts';

/** Labels below the track at most. */
const LABELS = 5;

/** Where a step lies on the track of kept steps, which are not evenly spaced: 0 to 1. */
function placeOf(step: number, kept: readonly number[]): number {
  const at = Math.max(
    0,
    kept.findLastIndex((k) => k <= step),
  );
  const [from, to = from] = [kept[at] ?? 0, kept[at + 1]];
  const part = to! > from! ? (step - from!) / (to! - from!) : 0;
  return kept.length < 2 ? 0 : Math.min(1, (at + part) / (kept.length - 1));
}

/** A tick for every kept step, numbers below some, and a flag for every event. */
function Track({ kept, events }: { kept: readonly number[]; events: readonly RunEvent[] }): JSX.Element {
  const last = Math.max(1, kept.length - 1);
  const every = Math.max(1, Math.ceil(last / LABELS));
  const at = (share: number): { left: string } => ({ left: `${100 * share}%` });
  return (
    <span class="track" aria-hidden="true">
      {kept.map((step, i) => (
        <i key={step} style={at(i / last)} data-labelled={i % every === 0 && last - i >= every / 2}>
          {(i % every === 0 && last - i >= every / 2) || i === last ? <span>{step}</span> : null}
        </i>
      ))}
      {events.map((event) => (
        <b key={`${event.kind}${event.step}`} data-kind={event.kind} style={at(placeOf(event.step, kept))} />
      ))}
    </span>
  );
}

export function Timeline(): JSX.Element | null {
  const {
    change,
    isLoaded,
    marks,
    progress,
    resumeFrom,
    rewind,
    rewinding,
    rolesSeen,
    run,
    status,
    step,
    subject,
    wanted,
  } = useLab();
  const on = subject.value;
  if (isLoaded.value || run.value === null || on === null) return null;
  const steps = progress.value.kept;
  const { viewed } = wanted.value;
  const at = viewed ?? step.value;
  const index = Math.max(
    0,
    steps.findLastIndex((s) => s <= at),
  );
  const last = steps.length - 1;
  const goTo = (next: number): void => change({ viewed: next >= last ? null : (steps[next] ?? null) });
  const old = viewed !== null && viewed !== step.value;
  const events = eventsOf(on.losses, marks.value, on.run);
  return (
    <section class="timeline" aria-label="Timeline of kept checkpoints">
      <label for="scrub">timeline</label>
      <span class="scrubber">
        <input
          id="scrub"
          type="range"
          min="0"
          max={last}
          step="1"
          value={index}
          disabled={last < 1}
          onInput={(event) => goTo(Number(event.currentTarget.value))}
          aria-valuetext={`step ${steps[index] ?? 0}${index === last ? ', the newest' : ''}`}
          data-testid="timeline"
        />
        <Track kept={steps} events={events} />
      </span>
      <output for="scrub" aria-live="off">
        step {steps[index] ?? 0}
      </output>
      <Action
        idle={last < 1 || status.value === 'playing' || (index === 0 && !rewinding.value)}
        onPress={rewind}
        data-testid="rewind"
      >
        <span aria-hidden="true">{rewinding.value ? '❚❚' : '◀'}</span> {rewinding.value ? 'Stop' : 'Backwards'}
      </Action>
      <Action idle={!old || status.value === 'playing'} onPress={() => void resumeFrom(steps[index] as number)}>
        Resume from here
      </Action>
      <ol class="events" aria-label="What happened">
        {events.map((event) => (
          <li key={`${event.kind}${event.step}`} data-kind={event.kind}>
            <button
              type="button"
              class="plain"
              title={
                event.kind === 'loss'
                  ? 'The mean of five steps came below half of guessing'
                  : `Between the kept steps ${event.after} and ${event.step}, and so ever since`
              }
              onClick={() => goTo(steps.findIndex((s) => s >= event.step))}
            >
              <b>{event.step}</b> {eventText(event, rolesSeen.value)}
            </button>
          </li>
        ))}
      </ol>
    </section>
  );
}
