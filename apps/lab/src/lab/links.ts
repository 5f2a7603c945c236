// The link of what is shown, and what a link says put onto the bench.
import { KERNELS_VERSION } from '@induction-lab/core/internal/kernels-version';
import { batch } from '@preact/signals';
import { DEFAULTS, type LinkState, leftOut, otherKernels, readLink, settingText, writeLink } from '../link.ts';
import type { FetchedFile } from '../protocol.ts';
import type { Connection } from './connection.ts';
import { fetchState } from './lessonStates.ts';
import type { Loading } from './loadFile.ts';
import type { Looking } from './looking.ts';
import type { Notices } from './notices.ts';
import type { Runs } from './runs.ts';
import type { LabState } from './state.ts';
import type { Waiting } from './waiting.ts';
import type { Wanting } from './wanted.ts';

export type Links = ReturnType<typeof createLinks>;

export function createLinks(
  state: LabState,
  {
    connection,
    loading,
    looking,
    notices,
    runs,
    waiting,
    wanting,
  }: {
    connection: Connection;
    loading: Loading;
    looking: Looking;
    notices: Notices;
    runs: Runs;
    waiting: Waiting;
    wanting: Wanting;
  },
) {
  const { complaint, opening, other, progress, run, selected, setting, speed, status, step, view, wanted } = state;

  const besideState = (): LinkState['other'] =>
    other.value ? { setting: other.value.setting, step: other.value.step } : null;

  const shippedNow = (): LinkState['shipped'] => (run.value?.file?.shipped as LinkState['shipped']) ?? null;

  /** What is asked for: where the bench will be when nothing goes wrong. */
  const wantedState = (): LinkState =>
    opening.value ?? {
      ...wanted.value,
      setting: setting.value,
      step: step.value,
      selected: selected.value,
      shipped: shippedNow(),
      other: besideState(),
    };

  /** What a link to the page holds now: the very view that is shown. */
  function linkState(): LinkState {
    const shown = view.value;
    if (!shown || shown.run.id !== run.value?.id) return wantedState();
    const { look: seen } = shown;
    const newest = seen.step === null;
    return {
      setting: shown.setting,
      step: newest ? shown.step : step.value,
      viewed: newest || shown.step === step.value ? null : shown.step,
      period: seen.tokens ? wanted.value.period : shown.period,
      own: seen.typed?.text ?? (seen.tokens ? seen.tokens.join(' ') : null),
      ablated: seen.ablated,
      kind: seen.kind,
      cuts: seen.cuts,
      selected: selected.value,
      shipped: shippedNow(),
      other: besideState(),
    };
  }

  /** Whether a link is about the run on the bench. */
  const isOfThisRun = ({ setting: goal, other: besides }: LinkState): boolean =>
    run.value !== null &&
    !state.isLoaded.value &&
    !run.value.noLink &&
    status.value !== 'failed' &&
    !besides &&
    settingText(goal) === settingText(setting.value);

  /** Whether the run on the bench has been where a link wants to go. */
  const isKept = (link: LinkState): boolean => isOfThisRun(link) && progress.value.kept.includes(link.step);

  /** Whether it has, or only has to train on. */
  const isOnTheWay = (link: LinkState): boolean =>
    isKept(link) || (isOfThisRun(link) && link.step > step.value && status.value !== 'playing');

  /** Shows a run whose weights at the link's step were fetched; false where they could not be taken, and are trained. */
  async function arriveFetched(link: LinkState, fetched: FetchedFile): Promise<boolean> {
    const begun = await runs.begin(link.setting, { look: link, fetched });
    if (begun === 'refused') {
      complaint.value = null;
      return false;
    }
    if (opening.value === link && begun === 'started') arrive(link.viewed ?? link.step);
    return true;
  }

  /**
   * Shows the step of a link on the run that is there. What it breaks, and the sequence, wait until the step is there:
   * until then the bench shows what it has shown, and says so.
   */
  async function revisit(link: LinkState): Promise<void> {
    const behind = link.step <= step.value;
    const since = wanted.value;
    await connection.client
      .ask('control', behind ? { action: 'pause' } : { action: 'play', until: link.step })
      .catch(notices.report);
    if (!behind && !(await waiting.comesTo(link.step, link))) return;
    if (opening.value !== link) return;
    wanting.wantAs(link, since);
    if (run.value) runs.fitTo(run.value);
    arrive(link.viewed ?? link.step);
  }

  /** Looks at a step of the run that a link has opened: at the last kept one before it, where it is not kept itself. */
  function arrive(at: number): void {
    const seen = at >= step.value ? step.value : (progress.value.kept.findLast((k) => k <= at) ?? 0);
    if (seen < Math.min(at, step.value)) notices.noteOnLink(`Step ${at} is not kept; this is step ${seen}.`);
    opening.value = null;
    looking.change({ viewed: seen === step.value ? null : seen });
  }

  /** A model of this page in place of a run; where it cannot be had, a run takes its place if there is none. */
  async function openShipped(link: LinkState, name: NonNullable<LinkState['shipped']>): Promise<void> {
    try {
      await loading.openShipped(name, link);
    } catch (error) {
      if (opening.value !== link) return;
      notices.noteOnLink(error instanceof Error ? error.message : String(error));
      if (!run.value) await runs.begin(DEFAULTS.setting, { look: link });
      if (opening.value === link) opening.value = null;
    }
  }

  /**
   * Brings the bench into the state that a link names: trains as far as it says, then looks the same way. `complaints` are
   * about the link's text, `kernels` is their version that it was made with, `fromKept` lets it go on from a run that was kept.
   */
  async function open(
    link: LinkState,
    {
      complaints = [],
      kernels = KERNELS_VERSION,
      fromKept = false,
    }: { complaints?: readonly string[]; kernels?: number; fromKept?: boolean } = {},
  ): Promise<void> {
    waiting.cancelOpening();
    notices.notify(null);
    if (link.step > 0 && speed.value < Number.POSITIVE_INFINITY) runs.setSpeed(Number.POSITIVE_INFINITY);
    batch(() => {
      opening.value = link;
      selected.value = link.selected;
    });
    notices.forgetLinkNotes();
    const left = leftOut(complaints);
    if (left) notices.noteOnLink(left);
    const differs = otherKernels(link, kernels);
    if (differs) notices.noteOnLink(differs);
    if (link.shipped) return openShipped(link, link.shipped);
    await runs.endComparison();
    if (opening.value === link && isKept(link)) return revisit(link);
    const fetched = opening.value === link ? await fetchState(link) : null;
    if (fetched && opening.value === link && (await arriveFetched(link, fetched))) return;
    if (opening.value === link && isOnTheWay(link)) return revisit(link);
    let keepOther = false;
    if (link.other && opening.value === link) {
      keepOther = (await runs.begin(link.other.setting, { until: link.other.step, look: link })) === 'started';
      if (keepOther && !(await waiting.comesTo(link.other.step, link))) return;
      if (!keepOther) notices.noteOnLink(`The run beside was left out: ${complaint.value}`);
    }
    if (opening.value !== link) return;
    const main = await runs.begin(link.setting, {
      ...{ until: link.step, keepOther, look: link },
      ...(fromKept && link.step > 0 && link.viewed === null && !keepOther ? { keptAs: settingText(link.setting) } : {}),
    });
    const { keptFrom } = run.value ?? {};
    if (main === 'started' && keptFrom !== undefined && state.notice.value === null)
      notices.notify({ tone: 'plain', text: `Step ${keptFrom} of this run was kept from an earlier visit.` });
    if (opening.value !== link || main === 'gone') return;
    if (main === 'refused') {
      const refusal = `This link asks for what is not possible: ${complaint.value}`;
      if (!run.value) await runs.begin(DEFAULTS.setting, { look: link });
      if (opening.value !== link) return;
      notices.noteOnLink(refusal);
      arrive(step.value);
    } else if (await waiting.comesTo(link.step, link)) arrive(link.viewed ?? step.value);
  }

  return {
    linkState,
    open,

    /** Opens the link that an address ends with; `fromKept` goes on from what an earlier visit kept of its run. */
    async openAddress(hash: string, { fromKept = false } = {}): Promise<void> {
      const { state: link, complaints, kernels } = readLink(hash);
      await open(link, { complaints, kernels, fromKept });
    },

    address: (): string => new URL(`#${writeLink(linkState())}`, location.href).href,

    /** After the worker died: a new one trains the same run again as far as it had come. */
    async revive(): Promise<void> {
      const link = wantedState();
      connection.restart();
      runs.setSpeed(speed.value);
      await open({ ...link }); // another one: the opening that died with the worker is over
    },
  };
}
