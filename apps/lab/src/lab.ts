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
  currentVerdict,
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
  } else if (message.kind === 'view')
    batch(() => {
      view.value = message.view;
      beside.value = message.beside;
    });
}

/** Called at each progress message. */
const reached: (() => void)[] = [];

async function untilStep(wanted: number): Promise<void> {
  while (step.value < wanted && status.value !== 'failed' && status.value !== 'done')
    await new Promise<void>((resolve) => reached.push(resolve));
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
export async function start(next: Setting, options: { until?: number; keepOther?: boolean } = {}): Promise<boolean> {
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

export const reset = (): Promise<boolean> => start(setting.value);

export function control(action: 'play' | 'pause' | 'step'): void {
  notice.value = null;
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
  try {
    await client.ask('resume', { step: keptStep });
    viewed.value = null;
    await client.ask('look', lookNow());
  } catch (error) {
    tell(error);
  }
}

/** Sets the present run aside and starts another beside it. */
export const compareWith = (next: Setting): Promise<boolean> => start(next, { keepOther: true });

export async function endComparison(): Promise<void> {
  other.value = null;
  beside.value = null;
  await client.ask('compare', { keep: false }).catch(tell);
}

export async function judge(): Promise<void> {
  if (judging.value) return;
  judging.value = true;
  try {
    const shown = view.value?.fingerprint ?? '';
    const { record, step: at, marks } = await client.ask('audit', {});
    verdict.value = {
      record,
      step: at,
      marks: new Map(marks),
      proof: null,
      fingerprint: view.value?.step === at ? (view.value.fingerprint ?? shown) : shown,
    };
  } catch (error) {
    tell(error);
  } finally {
    judging.value = false;
  }
}

/** Has the circuit of the audited model named and measured. */
export async function proveIt(): Promise<void> {
  const judged = currentVerdict.value;
  if (judging.value || !judged) return;
  judging.value = true;
  try {
    const { proof, marks } = await client.ask('prove', {});
    verdict.value = { ...judged, proof, marks: new Map(marks) };
  } catch (error) {
    tell(error);
  } finally {
    judging.value = false;
  }
}

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
  batch(() => {
    period.value = state.period;
    own.value = state.own;
    ablated.value = state.ablated;
    kind.value = state.kind;
    cuts.value = state.cuts;
    selected.value = state.selected;
    other.value = null;
    beside.value = null;
  });
  if (state.other) {
    if (!(await start(state.other.setting, { until: state.other.step }))) return;
    await untilStep(state.other.step);
  }
  if (!(await start(state.setting, { until: state.step, keepOther: state.other !== null }))) {
    if (!run.value) await start(DEFAULTS.setting);
    return;
  }
  await untilStep(state.step);
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
