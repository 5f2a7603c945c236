// One seed of the wall: its curve, its two best heads, and, once it is revealed, its verdict.
import type { Signal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { Wall } from '../../lab/wall/createWall.ts';
import { type Tile, verdictOf } from '../../lab/wall/wallState.ts';
import type { Glimpse, HeadGlimpse } from '../../wallProtocol.ts';
import { drawPattern, scheme } from '../colours.ts';
import { drawSoon } from '../drawing.ts';
import { HeadName } from '../HeadName.tsx';
import { roleName, roleOf } from '../headRoles.ts';
import { Stripe } from '../Stripe.tsx';
import { BOX, heightOf, lossPath } from './lossPath.ts';

interface HeadProps {
  readonly head: HeadGlimpse;
  readonly of: Glimpse;
  /** Whether what its pattern looks like may be said. */
  readonly named: boolean;
}

function Head({ head, of: { length, period, start }, named }: HeadProps): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  const { pattern } = head;
  const colours = scheme.value;
  useEffect(() => {
    const element = canvas.current;
    if (element) drawSoon(element, () => drawPattern(element, pattern, length, colours));
  }, [pattern, length, colours]);
  const role = named ? roleOf(head) : 'quiet';
  return (
    <div class="wall-head" data-role={role}>
      <div class="frame">
        <canvas ref={canvas} class="pattern" role="img" aria-label={`attention pattern of ${head.label}`} />
        <Stripe period={period} start={start} size={length} />
      </div>
      <span class="name">
        <HeadName head={head} /> <span class="says">{roleName[role]}</span>
      </span>
    </div>
  );
}

export function WallTile({ wall, tile }: { wall: Wall; tile: Signal<Tile> }): JSX.Element {
  const { guess, judging, open, revealed, subject } = wall;
  const { seed, glimpse, losses, guessed, trouble } = tile.value;
  const verdict = verdictOf(tile.value);
  const on = subject.value;
  const { until, lnVocab } = on ?? { until: 1, lnVocab: 1 };
  const recent = losses.slice(-10);
  const loss = recent.length === 0 ? null : recent.reduce((sum, x) => sum + x, 0) / recent.length;
  const guessing = heightOf(lnVocab, lnVocab);
  return (
    <li class="seed-tile" data-seed={seed} data-verdict={verdict?.verdict ?? ''} data-guessed={guessed}>
      <p class="wall-line">
        <b>seed {seed}</b>
        <span class="quiet">step {glimpse?.step ?? 0}</span>
      </p>
      <svg
        class="wall-curve"
        viewBox={`0 0 ${BOX.width} ${BOX.height}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={
          loss === null ? 'nothing trained yet' : `loss up to step ${losses.length}, lately ${loss.toFixed(2)} nats`
        }
      >
        <line x1="0" x2={BOX.width} y1={guessing} y2={guessing} />
        <path d={lossPath(losses, { until, lnVocab })} />
      </svg>
      {trouble === null ? null : <p class="complaint">{trouble}</p>}
      <div class="wall-heads">
        {glimpse?.heads.map((head) => (
          <Head key={head.label} head={head} of={glimpse} named={verdict !== null} />
        ))}
      </div>
      <span class="dot" title={verdict?.sentence ?? 'not revealed yet'}>
        {verdict?.verdict ?? (trouble === null ? '?' : 'failed')}
      </span>
      <p class="wall-line">
        <button
          type="button"
          class="chip"
          aria-pressed={guessed}
          aria-disabled={revealed.value || judging.value || trouble !== null}
          aria-label={`seed ${seed} has found the circuit, I guess`}
          onClick={() => guess(seed)}
        >
          has it
        </button>
        <button
          type="button"
          aria-disabled={glimpse === null || trouble !== null}
          aria-label={`Open seed ${seed} on the bench`}
          onClick={() => {
            if (glimpse !== null && trouble === null) void open(seed);
          }}
        >
          Open
        </button>
      </p>
    </li>
  );
}
