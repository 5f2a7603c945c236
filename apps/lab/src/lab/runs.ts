// Runs: starting, steering, comparing.
import { listed } from '@induction-lab/core/internal/names';
import { batch } from '@preact/signals';
import { headText, type LinkState } from '../link.ts';
import type { BenchRun, FetchedFile, GpuChoice, HeadIndex } from '../protocol.ts';
import { experimentOf, type Setting, stepsOf } from '../setting.ts';
import { WorkerGone } from './client.ts';
import type { Connection } from './connection.ts';
import type { Looking } from './looking.ts';
import type { Notices } from './notices.ts';
import { readOwn } from './readOwn.ts';
import { type LabState, longestPeriod } from './state.ts';
import type { Waiting } from './waiting.ts';
import type { Wanting } from './wanted.ts';

export type Runs = ReturnType<typeof createRuns>;

/** Why a run whose weights were fetched begins anew. */
const anew = (step: number): string =>
  `The weights of step ${step} were fetched, without what training needs to go on from them: the same run is trained from step 0, and comes by the same weights.`;

export function createRuns(
  state: LabState,
  {
    connection,
    looking,
    notices,
    waiting,
    wanting,
  }: { connection: Connection; looking: Looking; notices: Notices; waiting: Waiting; wanting: Wanting },
) {
  const { client } = connection;
  const { beside, complaint, opening, other, request, selected, setting, speed, step, subject, wanted } = state;

  /** Leaves out heads, paths and a period that this model does not have. */
  function fitTo({ experiment: { model } }: BenchRun): void {
    const fits = ({ layer, head }: HeadIndex): boolean => layer < model.nLayers && head < model.nHeads;
    const { ablated, cuts, period } = wanted.value;
    const strangers = [...ablated, ...(selected.value ? [selected.value] : [])].filter((head) => !fits(head));
    const unknown = [...new Set(strangers.map(headText))];
    if (unknown.length > 0) notices.noteOnLink(`This model has no ${listed(unknown)}; left out of the link.`);
    if (selected.value && !fits(selected.value)) selected.value = null;
    const noPaths = model.nLayers < 2 && cuts.length > 0;
    if (noPaths)
      notices.noteOnLink('This model has one layer, and so no path between heads to cut; left out of the link.');
    wanting.want({
      ablated: ablated.filter(fits),
      cuts: noPaths ? [] : cuts,
      period: Math.min(period, longestPeriod(model)),
    });
  }

  /** Trains a setting up to a step, or with the present run kept beside it. Nothing starts where the worker is gone. */
  async function begin(
    next: Setting,
    options: {
      until?: number;
      keepOther?: boolean;
      look?: LinkState;
      fetched?: FetchedFile | null;
      keptAs?: string;
      gpu?: GpuChoice;
    } = {},
  ): Promise<'started' | 'refused' | 'gone'> {
    const { until = 0, keepOther = false, fetched = null } = options;
    const experiment = experimentOf(next);
    const before = subject.value;
    const mine = opening.value;
    complaint.value = null; // so that the same refusal is said again
    if (options.look) wanting.wantAs(options.look);
    const { own } = wanted.value;
    const asked = wanting.lookFor(own === null ? null : readOwn(own, next, experiment.model));
    try {
      const { gpu, keptAs } = options;
      const info = await client.ask('start', {
        ...{ experiment, seed: next.seed, until, keepOther, look: asked, fetched },
        data: next.data?.sequences ?? null,
        ...(keptAs === undefined ? {} : { keptAs }),
        ...(gpu === undefined ? {} : { gpu }),
      });
      batch(() => {
        if (keepOther && before) {
          const { run: kept, losses } = before; // it trained on until it was set aside
          const { id, name } = kept;
          other.value = { id, name, setting: before.setting, losses, step: losses.at(-1)?.step ?? 0 };
        }
        if (request.value === asked.request) wanting.want({ viewed: null }); // else the timeline has been moved since
        connection.putOnBench(info, next);
        if (opening.value === mine) fitTo(info); // else what is shown belongs to a newer link
      });
      return 'started';
    } catch (error) {
      if (error instanceof WorkerGone) return 'gone';
      connection.forgetEarly();
      wanting.keepLook(asked.request as number);
      complaint.value = error instanceof Error ? error.message : String(error);
      return 'refused';
    }
  }

  /** Starts a run of a setting, looked at as a link says, or as it is now. An impossible one is refused with a sentence, and the bench stays as it is. */
  async function start(next: Setting, look?: LinkState): Promise<void> {
    waiting.cancelOpening();
    notices.notify(null);
    await begin(next, look ? { look } : {});
  }

  return {
    fitTo,
    begin,
    start,

    /** Trains the setting on the bench anew, on the GPU; where that cannot be used the CPU trains, which is said. */
    async startOnGpu(gpu: GpuChoice): Promise<void> {
      waiting.cancelOpening();
      notices.notify(null);
      const next = setting.value;
      const until = stepsOf(next.preset);
      if ((await begin(next, { gpu, until })) !== 'refused') return;
      const why = complaint.value;
      if ((await begin(next, { until })) === 'started')
        notices.notify({ tone: 'bad', text: `The GPU is not used: ${why} The CPU trains.` });
    },

    reset: (): Promise<void> => start(setting.value),

    control(action: 'play' | 'pause' | 'step'): void {
      notices.notify(null);
      waiting.cancelOpening();
      if (action !== 'pause' && state.isFetched.value) notices.notify({ tone: 'plain', text: anew(step.value) });
      if (action !== 'pause' && wanted.value.viewed !== null) looking.change({ viewed: null });
      client.ask('control', { action }).catch(notices.report);
    },

    setSpeed(stepsASecond: number): void {
      speed.value = stepsASecond;
      client.ask('speed', { stepsPerSecond: stepsASecond }).catch(notices.report);
    },

    async resumeFrom(keptStep: number): Promise<void> {
      waiting.cancelOpening();
      try {
        await client.ask('resume', { step: keptStep });
        looking.change({ viewed: null });
      } catch (error) {
        notices.report(error);
      }
    },

    /** Sets the present run aside and trains another beside it, as far. */
    async compareWith(next: Setting): Promise<void> {
      waiting.cancelOpening();
      notices.notify(null);
      await begin(next, { keepOther: true, until: Math.min(step.value, stepsOf(next.preset)) });
    },

    async endComparison(): Promise<void> {
      batch(() => {
        other.value = null;
        beside.value = null;
      });
      await client.ask('endComparison', {}).catch(notices.report);
    },
  };
}
