// Everything that can be done in the lab: it asks the worker and changes what is shown (state.ts).
import { batch } from '@preact/signals';
import { Client, WorkerGone } from './client.ts';
import { DEFAULTS, type LinkState, readLink, writeLink } from './link.ts';
import type { HeadName, Look, Message, PathInput } from './protocol.ts';
import { experimentOf, type Setting } from './setting.ts';
import {
  ablated,
  beside,
  complaint,
  cuts,
  judging,
  kept,
  kind,
  losses,
  lossesVersion,
  notice,
  type OtherRun,
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
} from './state.ts';

const client = new Client(hear, (reason) => {
  batch(() => {
    status.value = 'failed';
    judging.value = false;
    notice.value = {
      tone: 'bad',
      text: `The training worker died: ${reason}. What it had trained is gone; the same seed trains the same model again.`,
      restart: true,
    };
  });
});

function hear(message: Message): void {
  if (message.kind === 'ready') threads.value = { count: message.threads, isolated: message.isolated };
  else if (message.kind === 'trouble') {
    notice.value = { tone: 'bad', text: message.sentence };
  } else if (message.kind === 'progress') {
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
      kept.value = message.kept;
      lossesVersion.value++;
    });
    for (const waiting of reached.splice(0)) waiting();
  } else if (message.kind === 'view') {
    if (message.run < (run.value?.id ?? 0)) return;
    batch(() => {
      view.value = message.view;
      beside.value = message.beside;
    });
  }
}

/** Called at each progress message, and when what is awaited has been overtaken. */
const reached: (() => void)[] = [];

/** Counts what brings the bench into another state; whatever was on its way to an earlier one gives up. */
let intention = 0;

function newIntention(): number {
  for (const waiting of reached.splice(0)) waiting();
  return ++intention;
}

/** True when the run has come to that step; false when it failed or something else was wanted meanwhile. */
async function comesTo(wanted: number, mine: number): Promise<boolean> {
  while (mine === intention && step.value < wanted && status.value !== 'failed' && status.value !== 'done')
    await new Promise<void>((resolve) => reached.push(resolve));
  return mine === intention && step.value >= wanted;
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
      notice.value = {
        tone: 'plain',
        text: `This tab slept for ${seconds} seconds; the training ${went}, and nothing is lost.`,
      };
    }
    before = now;
    from = { step: step.value, playing: status.value === 'playing' };
  }, 1000);
}

/** Shows what went wrong and goes on; a death of the worker has been told already. */
export function tell(error: unknown): void {
  if (error instanceof WorkerGone) return;
  notice.value = { tone: 'bad', text: error instanceof Error ? error.message : String(error) };
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

/** Starts a run of a setting. An impossible one is refused with a sentence, and the bench stays as it is. */
export async function start(next: Setting): Promise<void> {
  newIntention();
  await begin(next);
}

/** The same, trained up to a step, or with the present run kept beside it; false when it was refused. */
async function begin(next: Setting, options: { until?: number; keepOther?: boolean } = {}): Promise<boolean> {
  const { until = 0, keepOther = false } = options;
  const before: OtherRun | null = run.value
    ? { setting: setting.value, name: run.value.name, step: step.value, losses: losses.all }
    : null;
  try {
    await client.ask('look', { ...lookNow(), step: null });
    const info = await client.ask('start', { experiment: experimentOf(next), seed: next.seed, until, keepOther });
    batch(() => {
      if (keepOther) other.value = before;
      run.value = info;
      setting.value = next;
      viewed.value = null;
      verdict.value = null;
      complaint.value = null;
      const { nLayers, nHeads } = info.experiment.model;
      const fits = ({ layer, head }: HeadName): boolean => layer < nLayers && head < nHeads;
      ablated.value = ablated.value.filter(fits);
      if (selected.value && !fits(selected.value)) selected.value = null;
      period.value = Math.min(period.value, Math.floor(info.experiment.model.nCtx / 2));
    });
    return true;
  } catch (error) {
    if (error instanceof WorkerGone) return false;
    complaint.value = error instanceof Error ? error.message : String(error);
    return false;
  }
}

export const reset = (): Promise<void> => start(setting.value);

export function control(action: 'play' | 'pause' | 'step'): void {
  notice.value = null;
  newIntention();
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
  newIntention();
  try {
    await client.ask('resume', { step: keptStep });
    viewed.value = null;
    await client.ask('look', lookNow());
  } catch (error) {
    tell(error);
  }
}

/** Sets the present run aside and starts another beside it. */
export async function compareWith(next: Setting): Promise<void> {
  newIntention();
  await begin(next, { keepOther: true });
}

export async function endComparison(): Promise<void> {
  other.value = null;
  beside.value = null;
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
      verdict.value = null;
      ablated.value = [];
      cuts.value = [];
      selected.value = null;
      lossesVersion.value++;
      period.value = Math.min(period.value, Math.floor(info.experiment.model.nCtx / 2));
      notice.value = {
        tone: 'plain',
        text: `${file.name} is on the bench. It was trained elsewhere, so it can be looked at, broken and audited, not trained on.`,
      };
    });
    look();
  } catch (error) {
    tell(error);
  }
}

export const linkState = (): LinkState => ({
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
});

/** Brings the bench into the state that a link names: trains as far as it says, then looks the same way. */
export async function open(state: LinkState): Promise<void> {
  const mine = newIntention();
  batch(() => {
    period.value = state.period;
    own.value = state.own;
    ablated.value = state.ablated;
    kind.value = state.kind;
    cuts.value = state.cuts;
    selected.value = state.selected;
  });
  await endComparison();
  if (state.other) {
    if (!(await begin(state.other.setting, { until: state.other.step }))) return;
    if (!(await comesTo(state.other.step, mine))) return;
  }
  if (!(await begin(state.setting, { until: state.step, keepOther: state.other !== null }))) {
    if (!run.value && mine === intention) await begin(DEFAULTS.setting);
    return;
  }
  if (!(await comesTo(state.step, mine))) return;
  viewed.value = state.viewed;
  look();
}

/** Opens the page's own link and keeps the address in step with the view from then on. */
export async function openAddress(): Promise<void> {
  const { state, complaints } = readLink(location.hash);
  if (complaints.length > 0)
    notice.value = { tone: 'bad', text: `Some of this link was left out: ${complaints.join('; ')}.` };
  await open(state);
}

export const address = (): string => `${location.origin}${location.pathname}#${writeLink(linkState())}`;

/** After the worker died: a new one trains the same run again as far as it had come. */
export async function revive(): Promise<void> {
  const state = linkState();
  batch(() => {
    notice.value = null;
    run.value = null;
    view.value = null;
    step.value = 0;
    kept.value = [0];
    status.value = 'paused';
  });
  client.restart();
  await open(state);
}
