// Which experiment, and its transport: play, pause, step, reset, speed.
import { listed } from '@induction-lab/core/internal/names';
import type { JSX, TargetedEvent } from 'preact';
import { useLab } from '../lab/LabContext.ts';
import { presetNames } from '../setting.ts';
import { SHIPPED_NAMES } from '../shippedNames.ts';
import { brokenParts, lookText } from '../viewText.ts';
import { Action, focusOn } from './Action.tsx';
import { VerdictBadge } from './VerdictBadge.tsx';

const SPEEDS: readonly { rate: number; name: string }[] = [
  { rate: 2, name: '2 steps/s' },
  { rate: 10, name: '10 steps/s' },
  { rate: 40, name: '40 steps/s' },
  { rate: Number.POSITIVE_INFINITY, name: 'all it can' },
];

function Seed(): JSX.Element {
  const { setting, start } = useLab();
  const change = (event: TargetedEvent<HTMLInputElement>): void => {
    const input = event.currentTarget;
    if (!input.reportValidity() || input.value === '') return;
    void start({ ...setting.value, seed: Number(input.value) });
  };
  return (
    <label class="seed">
      seed
      <input type="number" min="0" max="2147483647" step="1" required value={setting.value.seed} onChange={change} />
    </label>
  );
}

function Presets(): JSX.Element {
  const { isLoaded, openModel, report, run, setting, start } = useLab();
  const shipped = run.value?.file?.shipped;
  const { preset, turned } = setting.value;
  const changed = Object.keys(turned).length > 0;
  return (
    <fieldset class="presets">
      <legend class="spoken">Preset</legend>
      {presetNames.map((name) => (
        <button
          type="button"
          key={name}
          class="chip"
          aria-pressed={preset === name && !isLoaded.value}
          onClick={() => void start({ ...setting.value, preset: name, turned: {} })}
        >
          {name}
          {preset === name && changed ? ' *' : ''}
        </button>
      ))}
      {SHIPPED_NAMES.map((name) => (
        <button
          type="button"
          key={name}
          class="chip"
          aria-pressed={shipped === name}
          data-testid="language-model"
          title={`${name}: 1 MB, fetched when it is asked for`}
          onClick={() => void openModel(name).catch(report)}
        >
          a real language model
        </button>
      ))}
    </fieldset>
  );
}

/** How far it is trained, and how fast. */
export function Speedometer(): JSX.Element | null {
  const { isFetched, isLoaded, opening, other, progress, run, status, step, subject, unseen } = useLab();
  const { stepsPerSecond } = progress.value;
  const last = run.value?.experiment.training.steps ?? 0;
  const playing = status.value === 'playing';
  const link = opening.value;
  const target = link?.other && other.value === null ? link.other.step : link?.step;
  return (
    <p class="speedometer">
      {isLoaded.value ? (
        <span>loaded from a file</span>
      ) : (
        <span>
          step <b data-testid="step">{step.value}</b>
          {link ? `, on its way to ${target}` : ` of ${last}`}
          {isFetched.value ? ', fetched' : ''}
          {status.value === 'done' ? ', done' : ''}
        </span>
      )}
      {subject.value?.played ? (
        <span data-testid="recorded">recorded frames; trained here: step {unseen.value.step}</span>
      ) : null}
      {playing && stepsPerSecond > 0 ? <span>{Math.round(stepsPerSecond)} steps/s</span> : null}
    </p>
  );
}

/** What trains it, and the bits of what is shown. */
function Facts(): JSX.Element {
  const { isolated, progress, run, status } = useLab();
  const { threads } = progress.value;
  const shared = isolated.value;
  const gpu = run.value?.gpu;
  return (
    <p class="facts">
      {shared === null ? (
        <span>starting …</span>
      ) : (
        <span
          data-testid="threads"
          title={shared ? '' : 'This page is not cross-origin isolated, so the browser gives it no shared memory.'}
        >
          {gpu !== undefined
            ? `begun on the GPU ${gpu}`
            : shared
              ? `${threads} ${threads === 1 ? 'thread' : 'threads'}, shared memory`
              : 'one thread: this page is not cross-origin isolated'}
        </span>
      )}
      {status.value === 'playing' ? null : <Fingerprint />}
    </p>
  );
}

export function Transport(): JSX.Element {
  const { control, isLoaded, reset, run, setSpeed, speed, status } = useLab();
  const playing = status.value === 'playing';
  const still = run.value === null || isLoaded.value || status.value === 'done' || status.value === 'failed';
  const rate = SPEEDS.findIndex((s) => s.rate === speed.value);
  return (
    <section class="transport" aria-labelledby="bench-title">
      <div class="row">
        <h2 id="bench-title">Bench</h2>
        <Presets />
        <Seed />
      </div>
      <div class="row">
        <Action class="play" idle={still} onPress={() => control(playing ? 'pause' : 'play')} data-testid="play">
          <span aria-hidden="true">{playing ? '❚❚' : '▶'}</span> {playing ? 'Pause' : 'Train'}
        </Action>
        <Action idle={still || playing} onPress={() => control('step')}>
          One step
        </Action>
        <Action idle={run.value === null} onPress={() => void reset()}>
          Reset
        </Action>
        <label class="speed">
          <span>speed</span>
          <input
            type="range"
            min="0"
            max={SPEEDS.length - 1}
            step="1"
            value={rate}
            aria-valuetext={SPEEDS[rate]?.name ?? ''}
            onInput={(e) => setSpeed(SPEEDS[Number(e.currentTarget.value)]!.rate)}
          />
          <span class="quiet">{SPEEDS[rate]?.name ?? ''}</span>
        </label>
        <Speedometer />
      </div>
      <BenchLine />
    </section>
  );
}

/** The bits of the weights that are shown, and the step that they are of, which need not be the last one trained. */
function Fingerprint(): JSX.Element | null {
  const { run, view } = useLab();
  const shown = view.value;
  if (!shown || shown.run.id !== run.value?.id) return null;
  return (
    <span title="A fingerprint of the weights’ bits: equal weights have equal fingerprints, on every machine.">
      {shown.run.file ? 'weights ' : `weights of step ${shown.step} `}
      <code class="fingerprint" data-step={shown.step}>
        {shown.fingerprint}
      </code>
    </span>
  );
}

/**
 * The verdict, and what is broken in the view that is shown, where it cannot be overlooked: on a line that is always there, so
 * that nothing moves under the pointer. And what a link on its way will change.
 */
function BenchLine(): JSX.Element {
  const { former, opening, report, restore, undo, view } = useLab();
  const last = former.value.at(-1);
  const parts = view.value ? brokenParts(view.value.look) : [];
  const link = opening.value;
  return (
    <>
      <div class="bench-line">
        <VerdictBadge />
        {last ? (
          <button
            type="button"
            class="plain undo"
            data-testid="undo"
            title={`Back to ${last.title}`}
            onClick={() => {
              if (former.value.length === 1) focusOn('.transport .play'); // it goes with its last step
              void undo().catch(report);
            }}
          >
            Undo <span class="quiet">back to {last.title}</span>
          </button>
        ) : null}
        {parts.length === 0 ? null : (
          <p class="broken-strip" data-testid="broken">
            <span title={parts.join(', ')}>
              Broken while you look: <b>{listed(parts, 12)}</b>
            </span>
            <button
              type="button"
              class="plain"
              onClick={() => {
                focusOn('.transport .play');
                restore();
              }}
            >
              Restore
            </button>
          </p>
        )}
        <Facts />
      </div>
      {link ? (
        <p class="quiet under-way" data-testid="under-way">
          A link is being opened: step {link.viewed ?? link.step},{' '}
          {lookText({ ...link, tokens: link.own === null ? null : [] })}. What is shown is not that yet.
        </p>
      ) : null}
    </>
  );
}
