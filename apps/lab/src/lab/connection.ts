// The worker of the lab: what it says changes what is shown.
import { batch, effect, type Signal, signal } from '@preact/signals';
import type { BenchRun, Losses, Message } from '../protocol.ts';
import type { Setting } from '../setting.ts';
import type { Viewport } from '../viewport.ts';
import { Client, type LabWorker } from './client.ts';
import type { Notices } from './notices.ts';
import type { LabState, Played, Progress, Subject } from './state.ts';
import type { Waiting } from './waiting.ts';
import type { Wanting } from './wanted.ts';

type RunMessage = Extract<Message, { kind: 'progress' | 'view' }>;

export type Connection = ReturnType<typeof createConnection>;

export function createConnection(
  state: LabState,
  {
    startWorker,
    viewport,
    notices,
    waiting,
    wanting,
  }: { startWorker: () => LabWorker; viewport: Viewport; notices: Notices; waiting: Waiting; wanting: Wanting },
) {
  const { subject, run, view, viewOfScores, viewOfTokens } = state;
  /** What has been said of runs that the page has not been given yet: a run is shown under its own name or not at all. */
  let early: RunMessage[] = [];
  let laterDue = false;
  /** What has been said of the run on the bench while recorded frames of it are shown: it is shown when it takes their place. */
  let held: RunMessage[] = [];
  /** How far the run has been trained behind them. */
  const unseen: Signal<Pick<Progress, 'step' | 'status'>> = signal({ step: 0, status: 'paused' });

  const client = new Client(startWorker, { message: receive, death: workerDied, silence: tellSilence });

  function workerDied(reason: string): void {
    const text = !run.value
      ? `The training worker could not start: ${reason}.`
      : state.isLoaded.value
        ? `The worker died: ${reason}. The file that was on the bench has to be opened again.`
        : `The training worker died: ${reason}. What it had trained is gone; the same seed trains the same model again.`;
    batch(() => {
      state.workerGone.value = reason;
      state.judging.value = false;
      state.request.value = view.value?.look.request ?? 0; // nothing is under way any more
      state.notice.value = { tone: 'bad', text, restart: 'worker' };
    });
    waiting.wakeWaiting();
  }

  function tellSilence(seconds: number): void {
    if (seconds === 0) {
      if (state.notice.value?.silence) state.notice.value = null;
      return;
    }
    const text = `The training worker has not been heard of for ${seconds} seconds: it may have stopped, or be at work on something long. Starting it anew trains the same seed again.`;
    notices.notify({ tone: 'bad', text, restart: 'run', silence: true });
  }

  function receive(message: Message): void {
    if (message.kind === 'ready') state.isolated.value = message.isolated;
    else if (message.kind === 'trouble') {
      const { sentence, request: refused, again } = message;
      notices.notify({ tone: 'bad', text: sentence, ...(again ? { restart: 'run' } : {}) });
      if (refused !== undefined) wanting.keepLook(refused);
    } else if (message.kind === 'progress' || message.kind === 'view') {
      const here = run.value?.id ?? 0;
      if (message.run === here) {
        if (subject.value?.played) hold(message);
        else take(message);
      } else if (message.run > here) early.push(message);
    }
  }

  function hold(message: RunMessage): void {
    if (message.kind === 'view') held = held.filter(({ kind }) => kind !== 'view');
    held.push(message);
    if (message.kind !== 'progress') return;
    unseen.value = { step: message.step, status: message.status };
    if (message.status === 'failed') handOver();
  }

  /** The run that was trained behind recorded frames takes their place. */
  function handOver(): void {
    const on = subject.value;
    if (!on?.played) return;
    batch(() => {
      subject.value = { ...on, played: undefined };
      // A view that was asked for before the last look is not what is wanted now.
      const wanted = (message: RunMessage): boolean =>
        message.kind === 'progress' || message.view.look.request === state.request.value;
      for (const message of held.splice(0).filter(wanted)) take(message);
    });
  }

  function take(message: RunMessage): void {
    const on = subject.value as Subject;
    if (message.kind === 'progress') {
      const { step, status, stepsPerSecond, threads, kept, from } = message;
      const losses = on.losses as Losses[];
      losses.length = from;
      losses.push(...message.losses);
      batch(() => {
        subject.value = { ...on, progress: { step, status, stepsPerSecond, threads, kept } };
        if (status === 'failed') state.opening.value = null; // it will not get there
      });
      waiting.wakeWaiting();
      return;
    }
    const besides = message.beside;
    const stands = state.other.value;
    batch(() => {
      const { data } = on.setting;
      const words = data && data.words.size > 0 && !on.run.file ? { words: data.words } : {};
      view.value = { ...message.view, ...words, run: on.run, setting: on.setting };
      state.beside.value = besides && stands?.id === besides.run ? { ...besides.view, other: stands } : null;
    });
    void showLater();
  }

  /**
   * While it trains, scores change a frame after the patterns, and tokens one after the scores: all of them laid out and painted
   * together would take longer than a frame has. At rest they come at once.
   */
  async function showLater(): Promise<void> {
    if (state.status.value !== 'playing') {
      setTimeout(() => {
        viewOfScores.value = view.value;
        viewOfTokens.value = view.value;
      });
      return;
    }
    if (laterDue) return;
    laterDue = true;
    await viewport.painted();
    viewOfScores.value = view.value;
    await viewport.painted();
    laterDue = false;
    if (viewOfScores.value !== view.value) void showLater();
    viewOfTokens.value = viewOfScores.value;
  }

  return {
    client: client as Pick<Client, 'ask' | 'restart'>,
    unseen,
    handOver,

    /** Recorded frames of the run on the bench, which has not begun, are shown from now on: `tell` says what they show. */
    hold(played: Played): void {
      held = [];
      unseen.value = { step: 0, status: 'paused' };
      if (subject.value) subject.value = { ...subject.value, played };
    },
    tell: take,

    /** Settles when the run behind recorded frames has come to a step, or nobody waits for it any more. */
    trainedUnseen: (step: number): Promise<void> =>
      new Promise((resolve) => {
        const { played } = subject.value ?? {};
        const stop = effect(() => {
          const there = unseen.value.step >= step;
          if (!there && subject.value?.played === played && state.workerGone.value === null) return;
          queueMicrotask(() => {
            stop();
            resolve();
          });
        });
      }),

    forgetEarly(): void {
      early = [];
    },

    /** Makes a run, or a file, what is on the bench, together with what has been said of it already. */
    putOnBench(info: BenchRun, setting: Setting): void {
      const status = info.file ? 'done' : 'paused';
      batch(() => {
        state.audited.value = null;
        subject.value = { run: info, setting, progress: { ...RESTING, status }, losses: [] };
        for (const message of early) if (message.run === info.id) take(message);
      });
      early = early.filter((message) => message.run > info.id);
    },

    /** Nothing is on the bench, and another worker takes the place of this one. */
    restart(): void {
      early = [];
      batch(() => {
        state.notice.value = null;
        state.judging.value = false;
        state.workerGone.value = null;
        subject.value = null;
        view.value = null;
        viewOfScores.value = null;
        viewOfTokens.value = null;
      });
      client.restart();
    },
  };
}

const RESTING = { step: 0, stepsPerSecond: 0, threads: 1, kept: [0] };
