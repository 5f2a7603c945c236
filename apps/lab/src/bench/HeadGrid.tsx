// The attention patterns of all heads. Click one to enlarge it; switch heads off below them.
import { signal, useSignalEffect } from '@preact/signals';
import type { JSX } from 'preact';
import { useRef } from 'preact/hooks';
import { useLab } from '../lab/LabContext.ts';
import { sameHead } from '../lab/state.ts';
import type { View } from '../protocol.ts';
import { titleAt } from '../viewText.ts';
import { HeadName } from './HeadName.tsx';
import { type Role, roleOf, seenRole } from './headRoles.ts';
import { headWeights } from './headWeights.ts';
import { Later } from './Later.tsx';
import { PatternCanvas } from './PatternCanvas.tsx';
import { Stripe } from './Stripe.tsx';

const NO_AUDIT = signal(null);

/** With more heads in a row than this, words on buttons do not fit. */
const MANY = 8;

interface TileProps {
  readonly layer: number;
  readonly head: number;
  readonly label: string;
  /** What its pattern looks like. */
  readonly looks: Role;
  readonly index: number;
  /** Whether this view was computed without it. */
  readonly off: boolean;
  readonly still: boolean;
  readonly narrow: boolean;
  /** Where the stripe is expected. */
  readonly period: number;
  readonly start: number;
  readonly size: number;
}

/** Its properties are plain values, so that a new view renders only the tiles that say something else. */
function Tile({ layer, head, label, looks, index, off, still, narrow, ...stripe }: TileProps): JSX.Element {
  const lab = useLab();
  const { besideView, mainView, pointedHead, selected, toggleAblation, toggleEnlarged } = lab;
  const name = { layer, head };
  // The audit is of the run on the bench.
  const { role, says } = seenRole(still ? { ...lab, currentAudit: NO_AUDIT } : lab, label, looks);
  const chosen = !still && selected.value !== null && sameHead(selected.value, name);
  const source = still ? besideView : mainView;
  const point = (): void => {
    if (!still) pointedHead.value = index;
  };
  const leave = (): void => {
    if (pointedHead.value === index) pointedHead.value = null;
  };
  return (
    <div
      class="tile"
      data-role={role}
      data-off={off}
      data-head={label}
      onPointerEnter={point}
      onPointerLeave={leave}
      onFocusIn={point}
      onFocusOut={leave}
    >
      <div class="tile-head">
        <HeadName head={name} />
        <span class="says">{says}</span>
      </div>
      <div class="frame">
        {still ? (
          <PatternCanvas source={source} head={index} />
        ) : (
          <button
            type="button"
            class="enlarge"
            aria-pressed={chosen}
            aria-label={`${label}${says ? `, ${says}` : ''}: attention pattern, enlarge`}
            onClick={() => toggleEnlarged(name)}
          >
            <PatternCanvas source={source} head={index} />
          </button>
        )}
        <Stripe {...stripe} />
        <i class="crosshair" aria-hidden="true" />
        <span class="weight" aria-hidden="true" data-index={index} />
      </div>
      {still ? (
        <span class="ablate" />
      ) : (
        <button
          type="button"
          class="ablate"
          aria-pressed={off}
          aria-label={`${off ? 'off' : 'switch off'} ${label}`}
          onClick={() => toggleAblation(name)}
        >
          {off ? 'off' : narrow ? '×' : 'switch off'}
        </button>
      )}
    </div>
  );
}

/** Puts the crosshair where the pointer is and each head's weight beside its name, without rendering. */
function useCrosshair(read: () => View | null): { current: HTMLDivElement | null } {
  const { cell } = useLab();
  const host = useRef<HTMLDivElement>(null);
  useSignalEffect(() => {
    const at = cell.value;
    const shown = read();
    const element = host.current;
    if (!element || !shown) return;
    const size = shown.tokens.length;
    element.classList.toggle('pointed', at !== null && at.query < size);
    if (!at || at.query >= size) {
      for (const weight of element.querySelectorAll('.weight')) weight.textContent = '';
      return;
    }
    element.style.setProperty('--query', String(at.query / size));
    element.style.setProperty('--key', String(at.key / size));
    element.style.setProperty('--cell', String(1 / size));
    for (const weight of element.querySelectorAll<HTMLElement>('.weight')) {
      const index = Number(weight.dataset.index);
      weight.textContent = (headWeights(shown, index)[at.query * size + at.key] ?? 0).toFixed(2);
    }
  });
  return host;
}

function Heads({ shown, still }: { shown: View; still: boolean }): JSX.Element {
  const { besideView, mainView } = useLab();
  const host = useCrosshair(still ? besideView : mainView);
  return (
    <div class="heads" ref={host} style={{ '--heads': shown.nHeads }}>
      {shown.bars.map((bars, index) => (
        <Tile
          key={bars.label}
          layer={bars.layer}
          head={bars.head}
          label={bars.label}
          looks={roleOf(bars)}
          index={index}
          off={!still && shown.look.ablated.some((h) => sameHead(h, bars))}
          still={still}
          narrow={shown.nHeads > MANY}
          period={shown.period}
          start={shown.start}
          size={shown.tokens.length}
        />
      ))}
    </div>
  );
}

export function HeadGrid(): JSX.Element {
  const { beside, underWay, view } = useLab();
  const shown = view.value;
  const compared = beside.value;
  return (
    <section class="panel patterns" aria-labelledby="patterns-title">
      <h3 id="patterns-title">
        Attention patterns <span class="quiet">queries down, keys across</span>
        {underWay.value ? (
          <span class="quiet under-way" data-testid="look-under-way">
            {' '}
            another look is under way …
          </span>
        ) : null}
      </h3>
      {shown === null ? (
        <p class="quiet">The model is being prepared …</p>
      ) : (
        <div class={compared ? 'two' : 'one'}>
          <div>
            {compared ? (
              <p class="quiet">
                {titleAt(shown.run, shown.step)}
                {shown.lossRepeat === null ? '' : `: loss on the repeat ${shown.lossRepeat.toFixed(2)}`}
              </p>
            ) : null}
            <Heads shown={shown} still={false} />
            <Later part={({ Arcs }) => <Arcs />} />
          </div>
          {compared ? (
            <div data-testid="beside">
              <p class="quiet">
                {compared.other.name}, seed {compared.other.setting.seed}, step {compared.step}
                {compared.lossRepeat === null ? '' : `: loss on the repeat ${compared.lossRepeat.toFixed(2)}`}
              </p>
              <Heads shown={compared} still={true} />
            </div>
          ) : null}
        </div>
      )}
      <Later
        part={({ Guess, PeriodControl }) => (
          <>
            <Guess />
            <PeriodControl />
          </>
        )}
      />
    </section>
  );
}
