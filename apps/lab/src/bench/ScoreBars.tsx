// Scores of all heads, live: previous-token, induction stripe, and the same stripe where nothing repeats.
import type { JSX } from 'preact';
import { useLab } from '../lab/LabContext.ts';
import { sameHead } from '../lab/state.ts';
import type { HeadBars } from '../protocol.ts';
import { HeadName } from './HeadName.tsx';
import { roleOf, seenRole } from './headRoles.ts';

/** More heads in a row than this stand lower and closer. */
const MANY = 8;

function Bars({ head }: { head: HeadBars }): JSX.Element {
  const lab = useLab();
  const { selected, toggleEnlarged } = lab;
  const { role, says } = seenRole(lab, head.label, roleOf(head));
  const share = (value: number): string => `${Math.max(0, Math.min(1, value)) * 100}%`;
  const chosen = selected.value !== null && sameHead(selected.value, head);
  return (
    <button
      type="button"
      class="score"
      data-role={role}
      aria-pressed={chosen}
      onClick={() => toggleEnlarged(head)}
      aria-label={`${head.label}${says === '' ? '' : `, ${says}`}: previous-token ${head.previousToken.toFixed(2)}, induction ${head.induction.toFixed(2)}, without a repeat ${head.control.toFixed(2)}`}
    >
      <span class="bars" aria-hidden="true">
        <i class="previous" style={{ height: share(head.previousToken) }} />
        <i class="induction" style={{ height: share(head.induction) }} />
        <i class="control" style={{ height: share(head.control) }} />
      </span>
      <span class="name">
        <HeadName head={head} />
      </span>
    </button>
  );
}

export function ScoreBars(): JSX.Element {
  const { rolesSeen, viewOfScores } = useLab();
  const bars = viewOfScores.value?.bars ?? [];
  const chance = viewOfScores.value?.chance;
  const layers = [...new Set(bars.map((b) => b.layer))];
  return (
    <figure class="panel scores" data-roles={rolesSeen.value ? 'seen' : 'hidden'}>
      <figcaption>
        <h3>Scores</h3>
        <span class="key side">previous-token</span>
        <span class="key main">induction stripe</span>
        <span class="key hollow">the same, no repeat</span>
        {chance ? (
          <span class="key chance">
            chance, {chance.previousToken.toFixed(2)} and {chance.induction.toFixed(2)} of the attention
          </span>
        ) : null}
        {viewOfScores.value?.broken ? <span data-testid="intact-scores">(of the intact model)</span> : null}
      </figcaption>
      <div class="score-layers">
        {layers.map((layer) => (
          <div
            class="score-row"
            key={layer}
            data-many={(viewOfScores.value?.nHeads ?? 0) > MANY}
            style={{ '--previous-chance': chance?.previousToken ?? 0, '--induction-chance': chance?.induction ?? 0 }}
          >
            <span class="axis" aria-hidden="true">
              <span>1</span>
              <span>½</span>
              <span>0</span>
            </span>
            {bars
              .filter((b) => b.layer === layer)
              .map((head) => (
                <Bars head={head} key={head.label} />
              ))}
          </div>
        ))}
      </div>
    </figure>
  );
}
