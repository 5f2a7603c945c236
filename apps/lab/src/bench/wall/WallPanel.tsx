// Many seeds at once: the bench's experiment from other random numbers, side by side. Which of these finds the circuit?
import { computed } from '@preact/signals';
import type { JSX } from 'preact';
import { useMemo, useState } from 'preact/hooks';
import type { LabWorker } from '../../lab/client.ts';
import { useLab } from '../../lab/LabContext.ts';
import { createWall, type Wall } from '../../lab/wall/createWall.ts';
import type { GpuChoice } from '../../protocol.ts';
import { stepsOf } from '../../setting.ts';
import { startWorker } from '../../startWorker.ts';
import { WALL } from '../../wallProtocol.ts';
import { Action } from '../Action.tsx';
import { GpuRun, GpuSwitch } from '../GpuSwitch.tsx';
import { WallTile } from './WallTile.tsx';
import { countText, guessText } from './wallText.ts';

const COUNTS = [8, 12, 16, 24] as const;

/** Steps that seeds come to first: most circuits are there by then. */
const FIRST_GOAL = 400;

export function WallPanel(): JSX.Element {
  const lab = useLab();
  const wall = useMemo(
    () =>
      createWall({
        lab,
        startWorker: () => startWorker(WALL) as LabWorker,
        cores: navigator.hardwareConcurrency || 1,
      }),
    [],
  );
  const open = wall.subject.value !== null;
  return (
    <section class="panel wall" aria-labelledby="wall-title">
      <h3 id="wall-title">Many seeds</h3>
      <p class="quiet">
        The experiment on the bench from other random numbers, side by side. Which of them finds the circuit? Mark those
        that you think have it, then reveal.
      </p>
      {open ? <Steering wall={wall} /> : <Order wall={wall} />}
      {open ? null : <GpuRun />}
      {wall.note.value === null ? null : (
        <p class="complaint" role="status">
          {wall.note.value}
        </p>
      )}
      {open ? (
        <>
          <Findings wall={wall} />
          <ol class="wall-tiles">
            {wall.tiles.value.map((tile) => (
              <WallTile key={tile.peek().seed} wall={wall} tile={tile} />
            ))}
          </ol>
        </>
      ) : null}
    </section>
  );
}

/** What is to be trained. */
function Order({ wall }: { wall: Wall }): JSX.Element {
  const { run, setting } = useLab();
  const steps = stepsOf(setting.value.preset);
  const [count, choose] = useState<number>(COUNTS[0]);
  const [until, setUntil] = useState(FIRST_GOAL);
  const [gpu, setGpu] = useState<GpuChoice | null>(null);
  const goal = Math.min(until, steps);
  return (
    <form
      class="row"
      onSubmit={(event) => {
        event.preventDefault();
        void wall.begin({ setting: setting.value, count, until: goal, gpu });
      }}
    >
      <label>
        seeds{' '}
        <select value={count} onChange={(e) => choose(Number(e.currentTarget.value))} data-testid="wall-count">
          {COUNTS.map((n) => (
            <option key={n} value={n}>
              {n}
            </option>
          ))}
        </select>
      </label>
      <label class="seed">
        to step
        <input
          type="number"
          required
          min="1"
          max={steps}
          value={goal}
          data-testid="wall-until"
          onChange={(e) => setUntil(Number(e.currentTarget.value))}
        />
      </label>
      <GpuSwitch value={gpu} onChange={setGpu} />
      <button type="submit" disabled={run.value === null} data-testid="wall-begin">
        Train {count} seeds of {setting.value.preset}
      </button>
    </form>
  );
}

function Steering({ wall }: { wall: Wall }): JSX.Element {
  const { close, goOn, judging, pause, revealed, reveal, subject, tiles, training } = wall;
  const on = subject.value;
  /** The step of the slowest seed. */
  const slowest = useMemo(
    () => computed(() => Math.min(...tiles.value.map((tile) => tile.value.glimpse?.step ?? 0))),
    [],
  );
  if (!on) return <p />;
  const through = slowest.value >= on.until;
  const next = Math.min(on.steps, through ? on.until + FIRST_GOAL : on.until);
  return (
    <p class="row">
      {training.value ? (
        <Action idle={judging.value} onPress={() => void pause()} data-testid="wall-pause">
          Pause
        </Action>
      ) : (
        <Action idle={judging.value || next <= slowest.value} onPress={() => void goOn(next)} data-testid="wall-on">
          {through && next > slowest.value ? `Go on to step ${next}` : 'Go on'}
        </Action>
      )}
      <Action idle={judging.value || revealed.value} onPress={() => void reveal()} data-testid="wall-reveal">
        {judging.value ? 'The audit is at work …' : 'Reveal'}
      </Action>
      <Action idle={false} onPress={close} data-testid="wall-close">
        End the wall
      </Action>
      <span class="quiet" data-testid="wall-about">
        {on.name}, seeds {on.setting.seed} to {on.setting.seed + tiles.value.length - 1}, step {slowest.value} of{' '}
        {on.until}
        {on.gpu === null ? '' : `, on the GPU ${on.gpu}`}
      </span>
    </p>
  );
}

/** How many found it, and how good the guesses were. */
function Findings({ wall: { judging, revealed, tiles } }: { wall: Wall }): JSX.Element {
  const all = revealed.value ? tiles.value.map((tile) => tile.value) : [];
  return (
    <p class="wall-findings" role="status" data-testid="wall-findings">
      {revealed.value ? (
        <>
          <b>{countText(all)}</b> {guessText(all)}
        </>
      ) : judging.value ? (
        'Each seed is audited where it stands.'
      ) : (
        ''
      )}
    </p>
  );
}
