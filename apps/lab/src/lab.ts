// Everything that can be done in the lab: it asks the worker and changes what is shown (state.ts).
import { listed } from '@induction-lab/core/names';
import { printable, shortened } from '@induction-lab/core/printable';
import { batch, type Signal } from '@preact/signals';
import { showPanel } from './bench/showPanel.ts';
import { Client, WorkerGone } from './client.ts';
import { DEFAULTS, headText, type LinkState, leftOut, readLink, settingText, writeLink } from './link.ts';
import { type OwnTokens, readTokens } from './ownTokens.ts';
import type { HeadIndex, Look, Message, PathInput, RunInfo } from './protocol.ts';
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
  request,
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
  viewOfScores,
  viewOfTokens,
} from './state.ts';

const client = new Client({ message: hear, death: mourn, silence: tellSilence });

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

/** Says something, unless the way to restart a dead worker would be covered by it. */
export function say(next: Notice | null): void {
  if (notice.value?.restart !== 'worker') notice.value = next;
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

/** Makes a run the one on the bench, together with what has been said of it already. */
function adopt(info: RunInfo): void {
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
    view.value = { ...message.view, run: run.value as RunInfo, setting: setting.value };
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

/** The look that is asked for now, as the worker wants it, and as a new request. */
function lookNow(): Look {
  const typed = own.value === null ? null : ownTokens.value;
  return { ...wanted(typed), step: viewed.value };
}

/** The same with tokens that were read for one model or another. */
function wanted(typed: OwnTokens | null): Look {
  const tokens = typed && typed.tokens.length > 0 ? typed.tokens : null;
  request.value++;
  return {
    period: period.value,
    tokens,
    typed: tokens && typed ? { text: own.value ?? '', words: typed.words } : null,
    ablated: ablated.value,
    kind: kind.value,
    cuts: cuts.value,
    step: null,
    request: request.value,
  };
}

/** A look that was refused: unless something else has been asked for since, the controls go back to what is shown. */
function keepLook(refused: number): void {
  const shown = view.value;
  if (request.value !== refused || !shown) return;
  const { look } = shown;
  batch(() => {
    period.value = look.period;
    own.value = look.tokens ? (look.typed?.text ?? null) : null;
    ablated.value = look.ablated;
    kind.value = look.kind;
    cuts.value = look.cuts;
    viewed.value = look.step;
    request.value = look.request ?? 0;
  });
}

let lookUnderWay = false;
let lookAgain = false;

/** Asks for the present look; while an answer is awaited further calls become one. */
export function look(): void {
  if (lookUnderWay) {
    lookAgain = true;
    request.value++; // the answer to come is not about this any more
    return;
  }
  lookUnderWay = true;
  const asked = lookNow();
  client
    .ask('look', asked)
    .catch((error) => {
      tell(error);
      keepLook(asked.request as number);
    })
    .finally(() => {
      lookUnderWay = false;
      if (!lookAgain) return;
      lookAgain = false;
      look();
    });
}

/** Leaves out heads, paths and a period that this model does not have. */
function fitTo({ experiment: { model } }: RunInfo): void {
  const fits = ({ layer, head }: HeadIndex): boolean => layer < model.nLayers && head < model.nHeads;
  const strangers = [...ablated.value, ...(selected.value ? [selected.value] : [])].filter((head) => !fits(head));
  const unknown = [...new Set(strangers.map(headText))];
  if (unknown.length > 0) note(`This model has no ${listed(unknown)}; left out of the link.`);
  ablated.value = ablated.value.filter(fits);
  if (selected.value && !fits(selected.value)) selected.value = null;
  if (model.nLayers < 2 && cuts.value.length > 0) {
    note('This model has one layer, and so no path between heads to cut; left out of the link.');
    cuts.value = [];
  }
  period.value = Math.min(period.value, Math.floor(model.nCtx / 2));
}

/** What there is to say of the link that is being opened: later sentences do not cover earlier ones. */
let linkNotes: string[] = [];

/** Adds a sentence about the link that is being opened; says nothing when none is. */
function note(sentence: string): void {
  if (!opening.value) return;
  linkNotes.push(sentence);
  say({ tone: 'bad', text: linkNotes.join(' ') });
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
  options: { until?: number; keepOther?: boolean; look?: LinkState } = {},
): Promise<'started' | 'refused' | 'gone'> {
  const { until = 0, keepOther = false } = options;
  const experiment = experimentOf(next);
  const aside = { id: run.value?.id ?? 0, name: run.value?.name ?? '', setting: setting.value, losses: losses.all };
  const mine = opening.value;
  complaint.value = null; // so that the same refusal is said again
  if (options.look) lookAs(options.look);
  const asked = wanted(own.value === null ? null : readTokens(own.value, experiment.model));
  try {
    const info = await client.ask('start', { experiment, seed: next.seed, until, keepOther, look: asked });
    batch(() => {
      // It trained on until it was set aside.
      if (keepOther) other.value = { ...aside, step: aside.losses.at(-1)?.step ?? 0 };
      setting.value = next;
      if (request.value === asked.request) viewed.value = null; // else the timeline has been moved since
      verdict.value = null;
      adopt(info);
      if (opening.value === mine) fitTo(info); // else what is shown belongs to a newer link
    });
    return 'started';
  } catch (error) {
    if (error instanceof WorkerGone) return 'gone';
    early = [];
    keepLook(asked.request as number);
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
export function toggleEnlarged(head: HeadIndex): void {
  const chosen = selected.value !== null && sameHead(selected.value, head);
  selected.value = chosen ? null : { layer: head.layer, head: head.head };
  if (!chosen) showPanel('.enlarged');
}

/** Changes what is looked at or broken, and looks. */
export function change(apply: () => void): void {
  batch(apply);
  look();
}

export const toggleAblation = (head: HeadIndex): void =>
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
    look();
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
  const name = shortened(printable(file.name), LONGEST_NAME);
  try {
    if (file.size > 200e6)
      throw new Error(
        `${name} has ${(file.size / 1e6).toFixed(0)} MB, too much for this page; audit it with the command line.`,
      );
    const bytes = new Uint8Array(await file.arrayBuffer());
    const info = await client.ask('load', { bytes, file: name });
    losses.all = [];
    batch(() => {
      step.value = 0;
      status.value = 'done';
      kept.value = [0];
      viewed.value = null;
      own.value = null;
      other.value = null;
      verdict.value = null;
      ablated.value = [];
      cuts.value = [];
      selected.value = null;
      lossesVersion.value++;
      period.value = Math.min(period.value, Math.floor(info.experiment.model.nCtx / 2));
      adopt(info);
      say({
        tone: 'plain',
        text: `${name} is on the bench. It was trained elsewhere, so it can be looked at, broken and audited, not trained on.`,
      });
    });
    look();
  } catch (error) {
    tell(error);
  }
}

/** Letters of a file's name that are shown. */
const LONGEST_NAME = 80;

/** What is asked for: where the bench will be when nothing goes wrong. */
const wantedState = (): LinkState =>
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
    other: besideState(),
  };

const besideState = (): LinkState['other'] =>
  other.value ? { setting: other.value.setting, step: other.value.step } : null;

/** What a link to the page holds now: the very view that is shown. */
export function linkState(): LinkState {
  const shown = view.value;
  if (!shown || shown.run.id !== run.value?.id) return wantedState();
  const { look: seen } = shown;
  const newest = seen.step === null;
  return {
    setting: shown.setting,
    step: newest ? shown.step : step.value,
    viewed: newest || shown.step === step.value ? null : shown.step,
    period: seen.tokens ? period.value : shown.period,
    own: seen.tokens ? (seen.typed?.text ?? seen.tokens.join(' ')) : null,
    ablated: seen.ablated,
    kind: seen.kind,
    cuts: seen.cuts,
    selected: selected.value,
    other: besideState(),
  };
}

/** Whether the run on the bench has been where a link wants to go, or only has to train on. */
function isOnTheWay({ setting: wanted, step: to, other: besides }: LinkState): boolean {
  if (!run.value || isLoaded.value || status.value === 'failed' || besides) return false;
  if (settingText(wanted) !== settingText(setting.value)) return false;
  return kept.value.includes(to) || (to > step.value && status.value !== 'playing');
}

/** Looks the way that a link says, from the next request on. */
function lookAs(state: LinkState, since?: LinkState): void {
  /** What the reader has changed while the link was on its way stays. */
  const set = <K extends keyof LinkState>(part: Signal<LinkState[K]>, name: K): void => {
    if (!since || part.value === since[name]) part.value = state[name];
  };
  batch(() => {
    set(period, 'period');
    set(own, 'own');
    set(ablated, 'ablated');
    set(kind, 'kind');
    set(cuts, 'cuts');
  });
}

/**
 * Shows the step of a link on the run that is there. What it breaks, and the sequence, wait until the step is there:
 * until then the bench shows what it has shown, and says so.
 */
async function revisit(state: LinkState): Promise<void> {
  const behind = state.step <= step.value;
  const since: LinkState = {
    ...state,
    period: period.value,
    own: own.value,
    ablated: ablated.value,
    kind: kind.value,
    cuts: cuts.value,
  };
  await client.ask('control', behind ? { action: 'pause' } : { action: 'play', until: state.step }).catch(tell);
  if (!behind && !(await comesTo(state.step, state))) return;
  if (opening.value !== state) return;
  lookAs(state, since);
  if (run.value) fitTo(run.value);
  arrive(state.viewed ?? state.step);
}

/** Looks at a step of the run that a link has opened: at the last kept one before it, where it is not kept itself. */
function arrive(at: number): void {
  const seen = at >= step.value ? step.value : (kept.value.findLast((k) => k <= at) ?? 0);
  if (seen < Math.min(at, step.value)) note(`Step ${at} is not kept; this is step ${seen}.`);
  viewed.value = seen === step.value ? null : seen;
  opening.value = null;
  look();
}

/**
 * Brings the bench into the state that a link names: trains as far as it says, then looks the same way. `complaints` are
 * about the link's text.
 */
export async function open(state: LinkState, complaints: readonly string[] = []): Promise<void> {
  overtake();
  say(null);
  if (state.step > 0 && speed.value < Number.POSITIVE_INFINITY) setSpeed(Number.POSITIVE_INFINITY);
  batch(() => {
    opening.value = state;
    selected.value = state.selected;
  });
  linkNotes = [];
  const left = leftOut(complaints);
  if (left) note(left);
  await endComparison();
  if (opening.value === state && isOnTheWay(state)) return revisit(state);
  let keepOther = false;
  if (state.other && opening.value === state) {
    keepOther = (await begin(state.other.setting, { until: state.other.step, look: state })) === 'started';
    if (keepOther && !(await comesTo(state.other.step, state))) return;
    if (!keepOther) note(`The run beside was left out: ${complaint.value}`);
  }
  if (opening.value !== state) return;
  const main = await begin(state.setting, { until: state.step, keepOther, look: state });
  if (opening.value !== state || main === 'gone') return;
  if (main === 'refused') {
    const refusal = `This link asks for what is not possible: ${complaint.value}`;
    if (!run.value) await begin(DEFAULTS.setting, { look: state });
    if (opening.value !== state) return;
    note(refusal);
    arrive(step.value);
  } else if (await comesTo(state.step, state)) arrive(state.viewed ?? step.value);
}

/** Opens the link that an address ends with. */
export async function openAddress(hash: string): Promise<void> {
  const { state, complaints } = readLink(hash);
  await open(state, complaints);
}

export const address = (): string => new URL(`#${writeLink(linkState())}`, location.href).href;

/** After the worker died: a new one trains the same run again as far as it had come. */
export async function revive(): Promise<void> {
  const state = wantedState();
  early = [];
  batch(() => {
    notice.value = null;
    judging.value = false;
    run.value = null;
    view.value = null;
    viewOfScores.value = null;
    viewOfTokens.value = null;
    step.value = 0;
    kept.value = [0];
    status.value = 'paused';
  });
  client.restart();
  setSpeed(speed.value);
  await open({ ...state }); // another one: the opening that died with the worker is over
}
