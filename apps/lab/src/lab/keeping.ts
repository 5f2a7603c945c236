// The last few runs are kept from one visit to the next, without being asked to, and may be deleted.
import { effect, type Signal, signal } from '@preact/signals';
import { settingText } from '../link.ts';
import type { KeptRun } from '../protocol.ts';
import type { Setting } from '../setting.ts';
import { WorkerGone } from './client.ts';
import type { Lab } from './createLab.ts';

/** Steps from which on a run is worth keeping: fewer are trained again in a moment. */
export const WORTH_KEEPING = 20;

/** Milliseconds between two times that a run which trains is kept. */
const EVERY = 10_000;

/** The name of a run among those that are kept: equal for what trains the same bits. */
export const keyOf = (setting: Setting, gpu: string | null = null): string =>
  gpu === null ? settingText(setting) : `${settingText(setting)} gpu ${gpu}`;

export type Keeping = ReturnType<typeof createKeeping>;

export function createKeeping({
  ask,
  isFetched,
  run,
  setting,
  status,
  step,
}: Pick<Lab, 'ask' | 'isFetched' | 'run' | 'setting' | 'status' | 'step'>) {
  /** What is kept, the newest first; null until it is known. */
  const kept: Signal<readonly KeptRun[] | null> = signal(null);
  /** Why nothing can be kept, or deleted; null where it can. */
  const complaint: Signal<string | null> = signal(null);
  /** What was kept last, so that it is not kept again. */
  let last = '';

  async function change(answer: Promise<readonly KeptRun[]>): Promise<void> {
    try {
      kept.value = await answer;
      complaint.value = null;
    } catch (error) {
      if (!(error instanceof WorkerGone)) complaint.value = (error as Error).message;
    }
  }

  /** Keeps the run on the bench as it stands, where it is worth it and has gone on since. */
  async function keepNow(): Promise<void> {
    const on = run.value;
    const now = `${on?.id} ${step.value}`;
    if (!on || on.file || isFetched.value || step.value < WORTH_KEEPING || on.keptFrom === step.value || now === last)
      return;
    last = now;
    await change(ask('keep', { key: keyOf(setting.value, on.gpu ?? null), setting: setting.value }));
  }

  return {
    kept,
    complaint,
    keepNow,

    /** Lists what is kept, and keeps the run on the bench wherever it rests, and now and then while it trains. Returns what ends that. */
    watch(): () => void {
      void change(ask('kept', {}));
      const stop = effect(() => {
        if (run.value && (status.value === 'paused' || status.value === 'done')) void keepNow();
      });
      const timer = setInterval(() => {
        if (status.value === 'playing') void keepNow();
      }, EVERY);
      return () => {
        stop();
        clearInterval(timer);
      };
    },

    forget: (key: string): Promise<void> => change(ask('forget', { key })),
  };
}
