// Runs: starting, steering, comparing.
import { listed } from '@induction-lab/core/names';
import { batch } from '@preact/signals';
import { WorkerGone } from '../client.ts';
import { headText, type LinkState } from '../link.ts';
import { readTokens } from '../ownTokens.ts';
import type { BenchRun, HeadIndex } from '../protocol.ts';
import { experimentOf, type Setting, stepsOf } from '../setting.ts';
import {
  ablated,
  audited,
  beside,
  complaint,
  cuts,
  longestPeriod,
  losses,
  opening,
  other,
  own,
  period,
  request,
  run,
  selected,
  setting,
  speed,
  step,
  viewed,
} from '../state.ts';
import { keepLook, lookAs, wanted } from './asked.ts';
import { adopt, client, forgetEarly } from './hearing.ts';
import { look } from './looking.ts';
import { note, say, tell } from './notices.ts';
import { overtake } from './waiting.ts';

/** Leaves out heads, paths and a period that this model does not have. */
export function fitTo({ experiment: { model } }: BenchRun): void {
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
  period.value = Math.min(period.value, longestPeriod(model));
}

/** Starts a run of a setting. An impossible one is refused with a sentence, and the bench stays as it is. */
export async function start(next: Setting): Promise<void> {
  overtake();
  say(null);
  await begin(next);
}

/** The same, trained up to a step, or with the present run kept beside it. Nothing starts where the worker is gone. */
export async function begin(
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
      audited.value = null;
      adopt(info);
      if (opening.value === mine) fitTo(info); // else what is shown belongs to a newer link
    });
    return 'started';
  } catch (error) {
    if (error instanceof WorkerGone) return 'gone';
    forgetEarly();
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
