// The story's one button, and in a sentence what has just been seen. Every number is the view's.
import type { JSX } from 'preact';
import type { Lab } from '../lab/createLab.ts';
import { useLab } from '../lab/LabContext.ts';
import type { Chapter } from '../lab/story.ts';
import { Action } from './Action.tsx';
import { lossFall } from './events.ts';
import { roleOf } from './headRoles.ts';

const BUTTON: Record<Chapter, string> = {
  begin: 'Train it',
  learning: 'It trains …',
  learned: 'Now move the period',
  moving: 'The period moves …',
  moved: 'Now force it',
  forcing: 'It trains …',
  forced: 'Once more',
};
const WAITS: readonly Chapter[] = ['begin', 'learned', 'moved', 'forced'];

const nats = (x: number): string => `${x.toFixed(2)} nats`;

/** How far the page has trained what recorded frames show. */
function behind({ chapter, subject, unseen }: Lab): string {
  const plays = chapter.value === 'learning' || chapter.value === 'forcing';
  return plays && subject.value?.played
    ? ` Recorded frames; this page trains the same run: step ${unseen.value.step}.`
    : '';
}

/** What has been seen in this chapter: read out, and so without what changes from moment to moment. */
function told({ chapter, subject, view }: Lab): string {
  const on = subject.value;
  const shown = view.value;
  const said = chapter.value;
  if (said === 'begin') return 'Three presses, under a minute.';
  if (!on || !shown) return '';
  const { lnVocab, lossRepeat, period } = shown;
  const last = on.run.experiment.name;
  if (said === 'learning' || said === 'forcing') {
    const fall = lossFall(on.losses, on.run);
    return fall === null ? `${last}: it guesses.` : `The loss fell at step ${fall}.`;
  }
  // Of another sequence, an earlier step, or with parts broken it would be another story.
  if (lossRepeat === null || shown.look.tokens || shown.look.step !== null || shown.broken) return '';
  if (said === 'learned' && lossRepeat < lnVocab / 2)
    return `It seems to have learned: the repeat costs it ${nats(lossRepeat)}, guessing ${nats(lnVocab)}. But what did it learn?`;
  if (said === 'forced') {
    const at = shown.bars.filter((bars) => roleOf(bars) !== 'quiet').length;
    return `Every period was in its data, and its heads had to compete. ${at} of ${shown.bars.length} heads have a pattern, the others are still; the repeat costs ${nats(lossRepeat)}. Which head does what? Guess below the patterns.`;
  }
  const worse = lossRepeat > lnVocab ? `worse than guessing, ${nats(lnVocab)}` : `guessing costs ${nats(lnVocab)}`;
  return `The same model with period ${period}: ${nats(lossRepeat)}, ${worse}.${said === 'moved' && lossRepeat > lnVocab ? ' It had learned a distance, not to look for a copy.' : ''}`;
}

export function Story(): JSX.Element {
  const lab = useLab();
  const { chapter, tellOn, viewport } = lab;
  const at = chapter.value;
  return (
    <div class="story" data-chapter={at}>
      <p class="show">
        <Action
          idle={!WAITS.includes(at)}
          data-testid="story"
          onPress={() => {
            if (at !== 'learned') viewport.showPanel('.watch', 'start');
            void tellOn();
          }}
        >
          <span aria-hidden="true">▶</span> {BUTTON[at]}
        </Action>
      </p>
      <p class="told" data-testid="told">
        <span role="status">{told(lab)}</span>
        {behind(lab)}
      </p>
    </div>
  );
}
