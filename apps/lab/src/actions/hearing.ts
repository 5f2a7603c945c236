// The worker of this page: what it says changes what is shown.
import { batch } from '@preact/signals';
import { Client } from '../client.ts';
import type { BenchRun, Message } from '../protocol.ts';
import {
  beside,
  isLoaded,
  isolated,
  judging,
  kept,
  losses,
  lossesVersion,
  notice,
  opening,
  other,
  request,
  run,
  setting,
  status,
  step,
  stepsPerSecond,
  threads,
  view,
  viewOfScores,
  viewOfTokens,
} from '../state.ts';
import { keepLook } from './asked.ts';
import { say } from './notices.ts';
import { wakeWaiting } from './waiting.ts';

export const client = new Client({ message: hear, death: mourn, silence: tellSilence });

export const ask: Client['ask'] = (question, about) => client.ask(question, about);

function mourn(reason: string): void {
  const text = !run.value
    ? `The training worker could not start: ${reason}.`
    : isLoaded.value
      ? `The worker died: ${reason}. The file that was on the bench has to be opened again.`
      : `The training worker died: ${reason}. What it had trained is gone; the same seed trains the same model again.`;
  batch(() => {
    status.value = 'failed';
    judging.value = false;
    request.value = view.value?.look.request ?? 0; // nothing is under way any more
    notice.value = { tone: 'bad', text, restart: 'worker' };
  });
  wakeWaiting();
}

function tellSilence(seconds: number): void {
  if (seconds === 0) {
    if (notice.value?.silence) notice.value = null;
    return;
  }
  const text = `The training worker has not been heard of for ${seconds} seconds: it may have stopped, or be at work on something long. Starting it anew trains the same seed again.`;
  say({ tone: 'bad', text, restart: 'run', silence: true });
}

function hear(message: Message): void {
  if (message.kind === 'ready') isolated.value = message.isolated;
  else if (message.kind === 'trouble') {
    const { sentence, request: refused, again } = message;
    say({ tone: 'bad', text: sentence, ...(again ? { restart: 'run' } : {}) });
    if (refused !== undefined) keepLook(refused);
  } else if (message.kind === 'progress' || message.kind === 'view') {
    const here = run.value?.id ?? 0;
    if (message.run === here) take(message);
    else if (message.run > here) early.push(message);
  }
}

type RunMessage = Extract<Message, { kind: 'progress' | 'view' }>;

/** What has been said of runs that the page has not been given yet: a run is shown under its own name or not at all. */
let early: RunMessage[] = [];

export function forgetEarly(): void {
  early = [];
}

/** Makes a run the one on the bench, together with what has been said of it already. */
export function adopt(info: BenchRun): void {
  run.value = info;
  for (const message of early) if (message.run === info.id) take(message);
  early = early.filter((message) => message.run > info.id);
}

function take(message: RunMessage): void {
  if (message.kind === 'progress') {
    if (message.from === 0) losses.all = [...message.losses];
    else {
      losses.all.length = message.from;
      losses.all.push(...message.losses);
    }
    batch(() => {
      step.value = message.step;
      status.value = message.status;
      stepsPerSecond.value = message.stepsPerSecond;
      threads.value = message.threads;
      kept.value = message.kept;
      lossesVersion.value++;
      if (message.status === 'failed') opening.value = null; // it will not get there
    });
    wakeWaiting();
    return;
  }
  const besides = message.beside;
  const stands = other.value;
  batch(() => {
    view.value = { ...message.view, run: run.value as BenchRun, setting: setting.value };
    beside.value = besides && stands?.id === besides.run ? { ...besides.view, other: stands } : null;
  });
  void showLater();
}

let laterDue = false;

const nextFrame = (): Promise<void> => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve))); // when this one has been painted

/**
 * While it trains, scores change a frame after the patterns, and tokens one after the scores: all of them laid out and painted together
 * would take longer than a frame has. At rest they come at once.
 */
async function showLater(): Promise<void> {
  if (status.value !== 'playing') {
    setTimeout(() => {
      viewOfScores.value = view.value;
      viewOfTokens.value = view.value;
    });
    return;
  }
  if (laterDue) return;
  laterDue = true;
  await nextFrame();
  viewOfScores.value = view.value;
  await nextFrame();
  laterDue = false;
  if (viewOfScores.value !== view.value) void showLater();
  viewOfTokens.value = viewOfScores.value;
}
