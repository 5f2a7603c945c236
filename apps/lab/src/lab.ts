// Everything that can be done in the lab: it asks the worker and changes what is shown (state.ts).
import { batch } from '@preact/signals';
import { showPanel } from './bench/showPanel.ts';
import { Client, WorkerGone } from './client.ts';
import { DEFAULTS, headText, type LinkState, readLink, settingText, writeLink } from './link.ts';
import { readTokens } from './ownTokens.ts';
import type { HeadName, Look, Message, PathInput, RunInfo } from './protocol.ts';
import { experimentOf, type Setting, stepsOf } from './setting.ts';
import {
  ablated,
  beside,
  complaint,
  cuts,
  isLoaded,
  isolated,
  judging,
  kept,
  kind,
  losses,
  lossesVersion,
  type Notice,
  notice,
  opening,
  other,
  own,
  ownTokens,
  period,
  run,
  sameHead,
  selected,
  setting,
  speed,
  status,
  step,
  stepsPerSecond,
  threads,
  verdict,
  view,
  viewed,
  viewLater,
} from './state.ts';

const client = new Client(hear, (reason) => {
  const text = !run.value
    ? `The training worker could not start: ${reason}.`
    : isLoaded.value
      ? `The worker died: ${reason}. The file that was on the bench has to be opened again.`
      : `The training worker died: ${reason}. What it had trained is gone; the same seed trains the same model again.`;
  batch(() => {
    status.value = 'failed';
    judging.value = false;
    notice.value = { tone: 'bad', text, restart: true };
  });
  wakeWaiting();
});

/** Says something, unless the way to restart a dead worker would be covered by it. */
export function say(next: Notice | null): void {
  if (!notice.value?.restart) notice.value = next;
}

function hear(message: Message): void {
  if (message.kind === 'ready') isolated.value = message.isolated;
  else if (message.kind === 'trouble') say({ tone: 'bad', text: message.sentence });
  else if (message.kind === 'progress') {
    if (message.run < (run.value?.id ?? 0)) return;
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
  } else if (message.kind === 'view') {
    if (message.run < (run.value?.id ?? 0)) return;
    batch(() => {
      view.value = message.view;
      beside.value = message.beside;
    });
    setTimeout(() => {
      viewLater.value = view.value;
    });
  }
}

/** Who waits for a step; woken by progress, by death, and by anything else that is wanted meanwhile. */
const waiting: (() => void)[] = [];

function wakeWaiting(): void {
  for (const wake of waiting.splice(0)) wake();
}

/** True when the run has come to that step; false when it failed, or when this opening has been overtaken. */
async function comesTo(wanted: number, mine: LinkState): Promise<boolean> {
  while (opening.value === mine && step.value < wanted && status.value !== 'failed' && status.value !== 'done')
    await new Promise<void>((resolve) => waiting.push(resolve));
  return opening.value === mine && step.value >= wanted;
}

/** The reader wants something else: a link that is still being opened gives up. */
function overtake(): void {
  opening.value = null;
  wakeWaiting();
}

/** Longer without a turn than this, in milliseconds, and the page was put to sleep. */
const ASLEEP = 10_000;

/** Says how long the page slept, and what became of the training meanwhile. */
export function watchSleep(): void {
  let before = Date.now();
  let from = { step: 0, playing: false };
  setInterval(() => {
    const now = Date.now();
    if (now - before > ASLEEP && from.playing) {
      const seconds = Math.round((now - before) / 1000);
      const went = step.value > from.step ? `went on to step ${step.value}` : 'waited';
      say({
        tone: 'plain',
        text: `This tab slept for ${seconds} seconds; the training ${went}, and nothing is lost.`,
      });
    }
    before = now;
    from = { step: step.value, playing: status.value === 'playing' };
  }, 1000);
}

/** Shows what went wrong and goes on; a death of the worker has been told already. */
export function tell(error: unknown): void {
  if (error instanceof WorkerGone) return;
  say({ tone: 'bad', text: error instanceof Error ? error.message : String(error) });
}

/** The look as the worker wants it. */
export const lookNow = (): Look => ({
  period: period.value,
  tokens: ownTokens.value?.tokens ?? null,
  ablated: ablated.value,
  kind: kind.value,
  cuts: cuts.value,
  step: viewed.value,
});

let lookUnderWay = false;
let lookAgain = false;

/** Asks for the present look; while an answer is awaited further calls become one. */
export function look(): void {
  if (lookUnderWay) {
    lookAgain = true;
    return;
  }
  lookUnderWay = true;
  client
    .ask('look', lookNow())
    .catch(tell)
    .finally(() => {
      lookUnderWay = false;
      if (!lookAgain) return;
      lookAgain = false;
      look();
    });
}

/** Leaves out heads and a period that this model does not have. */
function fitTo({ experiment: { model } }: RunInfo): void {
  const fits = ({ layer, head }: HeadName): boolean => layer < model.nLayers && head < model.nHeads;
  const strangers = [...ablated.value, ...(selected.value ? [selected.value] : [])].filter((head) => !fits(head));
  if (opening.value && strangers.length > 0)
    say({ tone: 'bad', text: `This model has no ${strangers.map(headText).join(', ')}; left out of the link.` });
  ablated.value = ablated.value.filter(fits);
  if (selected.value && !fits(selected.value)) selected.value = null;
  period.value = Math.min(period.value, Math.floor(model.nCtx / 2));
}

/** Starts a run of a setting. An impossible one is refused with a sentence, and the bench stays as it is. */
export async function start(next: Setting): Promise<void> {
  overtake();
  say(null);
  await begin(next);
}

/** The same, trained up to a step, or with the present run kept beside it. Nothing starts where the worker is gone. */
async function begin(
  next: Setting,
  options: { until?: number; keepOther?: boolean } = {},
): Promise<'started' | 'refused' | 'gone'> {
  const { until = 0, keepOther = false } = options;
  const experiment = experimentOf(next);
  const typed = own.value === null ? null : readTokens(own.value, experiment.model);
  const aside = { name: run.value?.name ?? '', setting: setting.value, losses: losses.all };
  const mine = opening.value;
  complaint.value = null; // so that the same refusal is said again
  try {
    const info = await client.ask('start', {
      experiment,
      seed: next.seed,
      until,
      keepOther,
      look: { ...lookNow(), tokens: typed?.tokens ?? null, step: null },
    });
    batch(() => {
      // It trained on until it was set aside.
      if (keepOther) other.value = { ...aside, step: aside.losses.at(-1)?.step ?? 0 };
      run.value = info;
      setting.value = next;
      viewed.value = null;
      verdict.value = null;
      if (opening.value === mine) fitTo(info); // else what is shown belongs to a newer link
    });
    return 'started';
  } catch (error) {
    if (error instanceof WorkerGone) return 'gone';
    complaint.value = error instanceof Error ? error.message : String(error);
    return 'refused';
  }
}

export const reset = (): Promise<void> => start(setting.value);

export function control(action: 'play' | 'pause' | 'step'): void {
  say(null);
  overtake();
  if (action !== 'pause' && viewed.value !== null) {
    viewed.value = null;
    look();
  }
  client.ask('control', { action }).catch(tell);
}

export function setSpeed(stepsASecond: number): void {
  speed.value = stepsASecond;
  client.ask('speed', { stepsPerSecond: stepsASecond }).catch(tell);
}

/** Enlarges a head, or puts it back. */
export function toggleEnlarged(head: HeadName): void {
  const chosen = selected.value !== null && sameHead(selected.value, head);
  selected.value = chosen ? null : { layer: head.layer, head: head.head };
  if (!chosen) showPanel('.enlarged');
}

/** Changes what is looked at or broken, and looks. */
export function change(apply: () => void): void {
  batch(apply);
  look();
}

export const toggleAblation = (head: HeadName): void =>
  change(() => {
    const rest = ablated.value.filter((h) => !sameHead(h, head));
    ablated.value = rest.length < ablated.value.length ? rest : [...rest, head];
  });

export const toggleCut = (input: PathInput): void =>
  change(() => {
    cuts.value = cuts.value.includes(input) ? cuts.value.filter((c) => c !== input) : [...cuts.value, input];
  });

export const restore = (): void =>
  change(() => {
    ablated.value = [];
    cuts.value = [];
  });

export async function resumeFrom(keptStep: number): Promise<void> {
  overtake();
  try {
    await client.ask('resume', { step: keptStep });
    viewed.value = null;
    await client.ask('look', lookNow());
  } catch (error) {
    tell(error);
  }
}

/** Sets the present run aside and trains another beside it, as far. */
export async function compareWith(next: Setting): Promise<void> {
  overtake();
  say(null);
  await begin(next, { keepOther: true, until: Math.min(step.value, stepsOf(next.preset)) });
}

export async function endComparison(): Promise<void> {
  batch(() => {
    other.value = null;
    beside.value = null;
  });
  await client.ask('endComparison', {}).catch(tell);
}

/** Has the model that is shown audited, or the circuit of the audited one named and measured. */
async function examine(question: 'audit' | 'prove'): Promise<void> {
  if (judging.value) return;
  judging.value = true;
  try {
    const { marks, ...found } = await client.ask(question, {});
    verdict.value = { ...found, marks: new Map(marks) };
  } catch (error) {
    tell(error);
  } finally {
    judging.value = false;
  }
}

export const judge = (): Promise<void> => examine('audit');
export const proveIt = (): Promise<void> => examine('prove');

export const ask: Client['ask'] = (question, about) => client.ask(question, about);

/** A checkpoint from a file takes the place of the run. */
export async function loadFile(file: File): Promise<void> {
  overtake();
  try {
    if (file.size > 200e6)
      throw new Error(
        `${file.name} has ${(file.size / 1e6).toFixed(0)} MB, too much for this page; audit it with the command line.`,
      );
    const bytes = new Uint8Array(await file.arrayBuffer());
    const info = await client.ask('load', { bytes, file: file.name });
    losses.all = [];
    batch(() => {
      run.value = info;
      step.value = 0;
      status.value = 'done';
      kept.value = [0];
      viewed.value = null;
      own.value = null;
      other.value = null;
      beside.value = null;
      verdict.value = null;
      ablated.value = [];
      cuts.value = [];
      selected.value = null;
      lossesVersion.value++;
      period.value = Math.min(period.value, Math.floor(info.experiment.model.nCtx / 2));
      say({
        tone: 'plain',
        text: `${file.name} is on the bench. It was trained elsewhere, so it can be looked at, broken and audited, not trained on.`,
      });
    });
    look();
  } catch (error) {
    tell(error);
  }
}

/** What a link to the page holds now: the state that is being opened, or what is there. */
export const linkState = (): LinkState =>
  opening.value ?? {
    setting: setting.value,
    step: step.value,
    viewed: viewed.value,
    period: period.value,
    own: own.value,
    ablated: ablated.value,
    kind: kind.value,
    cuts: cuts.value,
    selected: selected.value,
    other: other.value ? { setting: other.value.setting, step: other.value.step } : null,
  };

/** Whether the run on the bench has been where a link wants to go, or only has to train on. */
function isOnTheWay({ setting: wanted, step: to, other: besides }: LinkState): boolean {
  if (!run.value || isLoaded.value || status.value === 'failed' || besides) return false;
  if (settingText(wanted) !== settingText(setting.value)) return false;
  return kept.value.includes(to) || (to > step.value && status.value !== 'playing');
}

/** Shows the step of a link on the run that is there. */
async function revisit(state: LinkState): Promise<void> {
  const behind = state.step <= step.value;
  await client.ask('control', behind ? { action: 'pause' } : { action: 'play', until: state.step }).catch(tell);
  if (!behind && !(await comesTo(state.step, state))) return;
  if (opening.value !== state) return;
  if (run.value) fitTo(run.value);
  arrive(state.viewed ?? state.step);
}

/** Looks at a step of the run that a link has opened: at the last kept one before it, where it is not kept itself. */
function arrive(at: number): void {
  const seen = at >= step.value ? step.value : (kept.value.findLast((k) => k <= at) ?? 0);
  if (seen < Math.min(at, step.value)) say({ tone: 'plain', text: `Step ${at} is not kept; this is step ${seen}.` });
  viewed.value = seen === step.value ? null : seen;
  opening.value = null;
  look();
}

/** Brings the bench into the state that a link names: trains as far as it says, then looks the same way. */
export async function open(state: LinkState): Promise<void> {
  overtake();
  say(null);
  if (state.step > 0 && speed.value < Number.POSITIVE_INFINITY) setSpeed(Number.POSITIVE_INFINITY);
  batch(() => {
    opening.value = state;
    period.value = state.period;
    own.value = state.own;
    ablated.value = state.ablated;
    kind.value = state.kind;
    cuts.value = state.cuts;
    selected.value = state.selected;
  });
  await endComparison();
  if (opening.value === state && isOnTheWay(state)) return revisit(state);
  let keepOther = false;
  if (state.other && opening.value === state) {
    keepOther = (await begin(state.other.setting, { until: state.other.step })) === 'started';
    if (keepOther && !(await comesTo(state.other.step, state))) return;
    if (!keepOther) say({ tone: 'bad', text: `The run beside was left out: ${complaint.value}` });
  }
  if (opening.value !== state) return;
  const main = await begin(state.setting, { until: state.step, keepOther });
  if (opening.value !== state || main === 'gone') return;
  if (main === 'refused') {
    const refusal = `This link asks for what is not possible: ${complaint.value}`;
    if (!run.value) await begin(DEFAULTS.setting);
    if (opening.value !== state) return;
    say({ tone: 'bad', text: refusal });
    arrive(step.value);
  } else if (await comesTo(state.step, state)) arrive(state.viewed ?? step.value);
}

/** Opens the link that the page's address is. */
export async function openAddress(): Promise<void> {
  const { state, complaints } = readLink(location.hash);
  const opened = open(state);
  if (complaints.length > 0) say({ tone: 'bad', text: `Some of this link was left out: ${complaints.join('; ')}.` });
  await opened;
}

export const address = (): string => new URL(`#${writeLink(linkState())}`, location.href).href;

/** After the worker died: a new one trains the same run again as far as it had come. */
export async function revive(): Promise<void> {
  const state = linkState();
  batch(() => {
    notice.value = null;
    run.value = null;
    view.value = null;
    viewLater.value = null;
    step.value = 0;
    kept.value = [0];
    status.value = 'paused';
  });
  client.restart();
  setSpeed(speed.value);
  await open({ ...state }); // another one: the opening that died with the worker is over
}
