// What is measured while the bench rests, without the reader's asking: the loss at every period, and marks of kept steps.
import { computed, effect, type Signal, signal } from '@preact/signals';
import { type Look, type Mark, type PeriodSweep, SHORTEST_PERIOD } from '../protocol.ts';
import type { Client } from './client.ts';
import { type LabState, longestPeriod } from './state.ts';

/** Milliseconds of rest before anything is measured: a reader who drags a slider is not made to wait. */
const PATIENCE = 250;

/** What makes the losses of a look other ones than those of the whole model. */
const brokenText = ({ ablated, kind, cuts }: Pick<Look, 'ablated' | 'kind' | 'cuts'>): string =>
  JSON.stringify([ablated, ablated.length > 0 ? kind : '', cuts]);

/** Parameters × positions × periods: more would keep the worker from what the reader asks for. */
const MOST_WORK = 400e6;

/** A sweep, and what was broken in it. */
type Swept = PeriodSweep & { readonly broken: string };

export function createMarking(state: LabState, { client }: { client: Pick<Client, 'ask'> }) {
  const { isLoaded, progress, status, subject, underWay, view } = state;
  const swept: Signal<Swept | null> = signal(null);
  let timer: ReturnType<typeof setTimeout> | undefined;
  let asking = false;

  const sweep = computed(() => {
    const shown = view.value;
    const found = swept.value;
    const same = shown && found?.fingerprint === shown.fingerprint && found.broken === brokenText(shown.look);
    return same && !shown.look.tokens ? found : null;
  });

  /** Whether the model on the bench is too large to be swept. */
  const tooLarge = computed(() => {
    const { parameters = 0, experiment } = state.run.value ?? {};
    if (!experiment) return false;
    const longest = longestPeriod(experiment.model);
    return parameters * 2 * longest ** 2 > MOST_WORK;
  });

  async function measure(): Promise<void> {
    if (asking || subject.value === null || view.value === null) return;
    asking = true;
    try {
      if (sweep.value === null && !tooLarge.value && !view.value.look.tokens) await sweepPeriods();
      if (!isLoaded.value && (await mark()) > 0) later();
    } catch {
      // Nobody has asked for it; what is wrong with a model is told where it is looked at.
    } finally {
      asking = false;
    }
  }

  /** Sweeps the periods of what is shown, as long as it is shown. */
  async function sweepPeriods(): Promise<void> {
    const shown = view.value;
    if (!shown) return;
    const { look, step, fingerprint } = shown;
    const losses: number[] = [];
    for (let left = 1; left > 0; ) {
      const some = await client.ask('sweep', { look: { ...look, step }, from: SHORTEST_PERIOD + losses.length });
      if (some.fingerprint !== fingerprint || view.value?.fingerprint !== fingerprint || status.value === 'failed')
        return;
      losses.push(...some.losses);
      left = some.left;
    }
    swept.value = { losses, fingerprint, broken: brokenText(look) };
  }

  /** Measures kept steps that are not known yet, for a moment; resolves to how many are left. */
  async function mark(): Promise<number> {
    const known = subject.value?.marks ?? [];
    const { run, marks, left } = await client.ask('marks', { known: known.map(({ step }) => step) });
    const on = subject.value;
    if (!on || on.run.id !== run || marks.length === 0) return 0;
    subject.value = { ...on, marks: [...(on.marks ?? []), ...marks].sort((a, b) => a.step - b.step) };
    return left;
  }

  function later(): void {
    clearTimeout(timer);
    timer = setTimeout(() => {
      if (status.value !== 'playing' && !underWay.value) void measure();
    }, PATIENCE);
  }

  effect(() => {
    void [view.value, status.value, progress.value.kept.length];
    if (view.value === null || underWay.value) return;
    if (view.value.recorded)
      queueMicrotask(() => void measure()); // it is in the recording
    else if (status.value !== 'playing') later();
  });

  return {
    /** The loss at every period, while it is of what is shown; null until it has been measured. */
    sweep,
    tooLarge,
    /** Marks of the steps that are kept. */
    marks: computed<readonly Mark[]>(() => {
      const kept = new Set(progress.value.kept);
      return (subject.value?.marks ?? []).filter(({ step }) => kept.has(step));
    }),
  };
}
