// Five questions that are answered by acting on the bench, checked on the live model.
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { Action } from '../bench/Action.tsx';
import { keep, kept } from '../kept.ts';
import { useLab } from '../lab/LabContext.ts';
import type { CheckedOn, ExerciseName, ExerciseResult } from '../protocol.ts';
import { show } from './show.ts';

interface Exercise {
  readonly name: ExerciseName;
  readonly title: string;
  readonly task: string;
  readonly start: string;
}

export const EXERCISES: readonly Exercise[] = [
  {
    name: 'previous-token-head',
    title: 'Name the head that builds the keys',
    task: 'One head of layer 0 writes “the token before me” for the induction heads to find. Select it by clicking its pattern, then check. A bright diagonal is a hint; what its removal costs is proof.',
    start: 'preset=two-heads&seed=1&step=300&period=17',
  },
  {
    name: 'smallest-set',
    title: 'Kill the copying with as few heads as you can',
    task: 'Switch heads off until the loss on the repeat, averaged over periods 8, 17 and 25, is above half of guessing (2.08 nats). Every smaller set will be tried against yours.',
    start: 'preset=two-heads&seed=1&step=300&period=17',
  },
  {
    name: 'one-data-knob',
    title: 'Make it learn induction by one knob of the data',
    task: 'Start from literal, which learns the shortcut. Change one thing about the data, not the model, train again, and let the audit judge.',
    start: 'preset=literal&seed=1&step=0&period=25',
  },
  {
    name: 'unmask',
    title: 'Unmask the shortcut',
    task: 'This model copies its block perfectly. Move the period slider to a repeat on which it pays clearly more than knowing nothing would cost.',
    start: 'preset=literal&seed=1&step=400&period=25',
  },
  {
    name: 'cut-the-path',
    title: 'Cut the one path that matters',
    task: 'Queries, keys or values: from which input of layer 1 must layer 0 be cut for the copying to die? Cut that one only.',
    start: 'preset=two-heads&seed=1&step=300&period=17',
  },
];

function One({ exercise, number }: { exercise: Exercise; number: number }): JSX.Element {
  const lab = useLab();
  const { ask, opening, run, selected, underWay, view } = lab;
  const [result, setResult] = useState<(ExerciseResult & Partial<CheckedOn>) | null>(null);
  const [busy, setBusy] = useState(false);
  const [before] = useState(() => kept(`passed ${exercise.name}`) === 'yes');
  const check = async (): Promise<void> => {
    const shown = view.value;
    if (!shown) return;
    setBusy(true);
    try {
      const heads = selected.value ? [selected.value] : [];
      const checked = await ask('exercise', { name: exercise.name, answer: { heads, look: shown.look } });
      setResult(checked);
      if (checked.passed) keep(`passed ${exercise.name}`, 'yes');
    } catch (error) {
      setResult({ passed: false, sentence: error instanceof Error ? error.message : String(error) });
    } finally {
      setBusy(false);
    }
  };
  return (
    <li class="exercise" data-exercise={exercise.name} data-passed={result?.passed ?? ''}>
      <h3>
        {number}. {exercise.title}
        {before || result?.passed ? <span class="quiet"> passed</span> : null}
      </h3>
      <p>{exercise.task}</p>
      <p class="row">
        <button type="button" onClick={(e) => show(lab, exercise.start, e.currentTarget)}>
          Set the bench up
        </button>
        <Action class="check" idle={busy || underWay.value || run.value === null} onPress={() => void check()}>
          {opening.value ? 'The bench is being set up …' : busy ? 'Checking …' : 'Check my answer'}
        </Action>
      </p>
      <p class="result" role="status">
        {result ? (
          <>
            <b>{result.passed ? 'Right.' : 'Not yet.'}</b> {result.sentence}
            {result.fingerprint !== undefined && result.fingerprint !== view.value?.fingerprint ? (
              <span class="quiet"> Checked on other weights than are shown, those of step {result.step}.</span>
            ) : null}
          </>
        ) : null}
      </p>
    </li>
  );
}

export const Exercises = (): JSX.Element => (
  <section class="exercises" aria-labelledby="exercises-title">
    <h2 id="exercises-title">Exercises</h2>
    <p>
      Answer them on the bench. The answers are measured on your model, not stored, so another seed may have another
      one. Where you are through, try 1, 2 and 5 on preset varied: there heads may share the work.
    </p>
    <ol>
      {EXERCISES.map((exercise, i) => (
        <One key={exercise.name} exercise={exercise} number={i + 1} />
      ))}
    </ol>
  </section>
);
