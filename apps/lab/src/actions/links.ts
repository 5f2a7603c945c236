// The link of what is shown, and what a link says put onto the bench.

import { KERNELS_VERSION } from '@induction-lab/core/kernels-version';
import { batch } from '@preact/signals';
import { DEFAULTS, type LinkState, leftOut, otherKernels, readLink, settingText, writeLink } from '../link.ts';
import {
  ablated,
  complaint,
  cuts,
  isLoaded,
  kept,
  kind,
  opening,
  other,
  own,
  period,
  run,
  selected,
  setting,
  speed,
  status,
  step,
  view,
  viewed,
} from '../state.ts';
import { lookAs } from './asked.ts';
import { client } from './hearing.ts';
import { look } from './looking.ts';
import { forgetNotes, note, say, tell } from './notices.ts';
import { begin, endComparison, fitTo, setSpeed } from './runs.ts';
import { comesTo, overtake } from './waiting.ts';

/** What is asked for: where the bench will be when nothing goes wrong. */
export const wantedState = (): LinkState =>
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
 * about the link's text, `kernels` is their version that it was made with.
 */
export async function open(
  state: LinkState,
  { complaints = [], kernels = KERNELS_VERSION }: { complaints?: readonly string[]; kernels?: number } = {},
): Promise<void> {
  overtake();
  say(null);
  if (state.step > 0 && speed.value < Number.POSITIVE_INFINITY) setSpeed(Number.POSITIVE_INFINITY);
  batch(() => {
    opening.value = state;
    selected.value = state.selected;
  });
  forgetNotes();
  const left = leftOut(complaints);
  if (left) note(left);
  const differs = otherKernels(state, kernels);
  if (differs) note(differs);
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
  const { state, complaints, kernels } = readLink(hash);
  await open(state, { complaints, kernels });
}

export const address = (): string => new URL(`#${writeLink(linkState())}`, location.href).href;
