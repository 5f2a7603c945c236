// The story that the first screen tells: one thing to press at a time. It seems to have learned; move the period, and it
// collapses; force it, and two heads appear.
import { KERNELS_VERSION } from '@induction-lab/core/internal/kernels-version';
import { computed, type Signal, signal } from '@preact/signals';
import { DEFAULTS, type LinkState, settingText } from '../link.ts';
import type { Recording } from '../recording.ts';
import type { PresetName } from '../setting.ts';
import type { Looking } from './looking.ts';
import type { Notices } from './notices.ts';
import type { Player } from './player.ts';
import type { Runs } from './runs.ts';
import type { LabState } from './state.ts';

/** What has come to pass: nothing, the literal task is being learned, it is, the period moves, it has moved, … */
export type Chapter = 'begin' | 'learning' | 'learned' | 'moving' | 'moved' | 'forcing' | 'forced';

/** A run of the story, its probe, and how far it trains. */
interface Act {
  readonly preset: PresetName;
  readonly period: number;
  readonly until: number;
}
const LITERAL: Act = { preset: 'literal', period: 25, until: 300 };
const PICTURE: Act = { preset: 'picture', period: 17, until: 600 };
/** The period to which the probe is moved, one by one. */
const MOVED_TO = 17;
/** Milliseconds between two periods. */
const PACE = 180;

const lookOf = ({ preset, period }: Act): LinkState => ({
  ...DEFAULTS,
  setting: { preset, seed: 1, turned: {} },
  period,
});

/** The bench on which the story begins. */
export const STAGE: LinkState = lookOf(LITERAL);

const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

export function createStory(
  state: LabState,
  {
    looking,
    notices,
    player,
    recording,
    runs,
  }: { looking: Looking; notices: Notices; player: Player; recording: () => Promise<Recording>; runs: Runs },
) {
  const { opening, run, setting, status, step, subject, wanted } = state;
  /** What the story has come to, and with which run. */
  const reached: Signal<{ readonly chapter: Chapter; readonly run: number | null }> = signal({
    chapter: 'begin',
    run: null,
  });

  /** Whether a run stands on the bench as an act needs it. */
  function stands(act: LinkState): boolean {
    const { period, own, ablated, cuts } = wanted.value;
    return (
      run.value !== null &&
      !state.isLoaded.value &&
      opening.value === null &&
      (subject.value?.losses.length ?? 1) === 0 &&
      step.value === 0 &&
      status.value === 'paused' &&
      settingText(setting.value) === settingText(act.setting) &&
      period === act.period &&
      own === null &&
      ablated.length + cuts.length === 0
    );
  }

  /** Shows a run from its beginning; false where something else was wanted meanwhile. */
  async function perform(act: Act): Promise<boolean> {
    const stage = lookOf(act);
    state.selected.value = null;
    if (!stands(stage)) await runs.start(stage.setting, stage);
    const mine = run.value?.id;
    if (mine === undefined || settingText(setting.value) !== settingText(stage.setting)) return false;
    const here = (): boolean => run.value?.id === mine && state.workerGone.value === null;
    const recorded = await recording().catch(() => null);
    if (!here()) return false;
    const frames = recorded?.runs.find((r) => settingText(r.setting) === settingText(stage.setting));
    if (recorded && frames && recorded.kernels === KERNELS_VERSION && stands(stage))
      await player.playRecorded(recorded, frames);
    else {
      await player.client.ask('control', { action: 'play', until: act.until });
      while (here() && step.value < act.until && status.value === 'playing') await pause(PACE);
    }
    return here() && step.value >= act.until;
  }

  /** Moves the period of the probe, a step at a time. */
  async function movePeriod(): Promise<boolean> {
    const mine = run.value?.id;
    if (wanted.value.viewed !== null) looking.change({ viewed: null });
    for (let period = LITERAL.period - 1; period >= MOVED_TO; period--) {
      looking.change({ period });
      await pause(PACE);
      if (run.value?.id !== mine || wanted.value.period !== period) return false;
    }
    return true;
  }

  /** What is pressed in each chapter that waits, what goes on meanwhile, and what has happened then. */
  const next: Partial<Record<Chapter, readonly [meanwhile: Chapter, go: () => Promise<boolean>, then: Chapter]>> = {
    begin: ['learning', () => perform(LITERAL), 'learned'],
    learned: ['moving', movePeriod, 'moved'],
    moved: ['forcing', () => perform(PICTURE), 'forced'],
    forced: ['learning', () => perform(LITERAL), 'learned'],
  };

  const chapter = computed<Chapter>(() => {
    const { chapter: told, run: of } = reached.value;
    return next[told] && of !== null && of !== run.value?.id ? 'begin' : told;
  });

  return {
    /** What the story has come to: where its run has left the bench it begins anew. */
    chapter,

    /** Goes on with the story; where the reader does something else meanwhile it begins anew. */
    async tellOn(): Promise<void> {
      const [meanwhile, go, then] = next[chapter.value] ?? [];
      if (!meanwhile || !go || !then) return;
      reached.value = { chapter: meanwhile, run: null };
      let happened = false;
      try {
        happened = await go();
      } catch (error) {
        notices.report(error);
      }
      reached.value = happened ? { chapter: then, run: run.value?.id ?? null } : { chapter: 'begin', run: null };
    },
  };
}
