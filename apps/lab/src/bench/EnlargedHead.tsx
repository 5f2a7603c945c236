// One head enlarged, its expected stripe drawn in, and the control beside it: the same head where nothing repeats.
import { useSignalEffect } from '@preact/signals';
import type { JSX } from 'preact';
import { useRef } from 'preact/hooks';
import type { Lab } from '../lab/createLab.ts';
import { useLab } from '../lab/LabContext.ts';
import type { View } from '../protocol.ts';
import { focusOn } from './Action.tsx';
import { HeadName } from './HeadName.tsx';
import { barsFor } from './headRoles.ts';
import { headWeights } from './headWeights.ts';
import { PatternCanvas } from './PatternCanvas.tsx';
import { Stripe, stripeCells } from './Stripe.tsx';

const meanOver = (view: View, head: number, part: 'patterns' | 'control'): number => {
  const cells = stripeCells(view);
  const weights = headWeights(view, head, part);
  return cells.reduce((sum, { query, key }) => sum + weights[query * view.tokens.length + key]!, 0) / cells.length;
};

function Panel({ head, part, title }: { head: number; part: 'patterns' | 'control'; title: string }): JSX.Element {
  const { cell, mainView, view } = useLab();
  const shown = view.value as View;
  const host = useRef<HTMLDivElement>(null);
  useSignalEffect(() => {
    const at = cell.value;
    const size = view.value?.tokens.length ?? 1;
    host.current?.classList.toggle('pointed', at !== null);
    if (!at || !host.current) return;
    host.current.style.setProperty('--query', String(at.query / size));
    host.current.style.setProperty('--key', String(at.key / size));
    host.current.style.setProperty('--cell', String(1 / size));
  });
  const mean = meanOver(shown, head, part);
  return (
    <figure>
      <figcaption>
        {title}
        {Number.isNaN(mean) ? null : (
          <>
            : <b>{mean.toFixed(2)}</b> on the stripe
          </>
        )}
      </figcaption>
      <div class="frame large" ref={host}>
        <PatternCanvas source={mainView} head={head} part={part} />
        <Stripe period={shown.period} start={shown.start} size={shown.tokens.length} />
        <i class="crosshair" aria-hidden="true" />
      </div>
    </figure>
  );
}

const STEPS: Record<string, readonly [number, number]> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
};

/** Arrow keys walk over the cells of the enlarged head. */
function walk({ cell, view }: Lab, event: KeyboardEvent, head: number): void {
  const by = STEPS[event.key];
  const size = view.value?.tokens.length ?? 0;
  if (!by || size === 0) return;
  event.preventDefault();
  const at = cell.value ?? { query: Math.min(size - 1, (view.value?.period ?? 0) + 1), key: 0 };
  const query = Math.max(0, Math.min(size - 1, at.query + by[0]));
  cell.value = { query, key: Math.max(0, Math.min(query, at.key + by[1])), head };
}

export function EnlargedHead(): JSX.Element | null {
  const lab = useLab();
  const { currentAudit, selected, view } = lab;
  const shown = view.value;
  const chosen = selected.value;
  if (!shown || !chosen || chosen.layer >= shown.nLayers || chosen.head >= shown.nHeads) return null;
  const index = chosen.layer * shown.nHeads + chosen.head;
  const bars = barsFor(shown.bars, chosen);
  const label = bars?.label ?? '';
  const mark = currentAudit.value?.marks.get(label);
  const what = shown.period > 0 ? `period ${shown.period}` : 'this sequence';
  return (
    <section class="panel enlarged" aria-labelledby="enlarged-title">
      <div class="row spread">
        <h3 id="enlarged-title">
          <HeadName head={chosen} /> {mark ? <span class="quiet">{mark}, says the audit</span> : null}
        </h3>
        <button
          type="button"
          class="plain"
          onClick={() => {
            focusOn(`.tile[data-head="${label}"] .enlarge`);
            selected.value = null;
          }}
        >
          Close
        </button>
      </div>
      {/* biome-ignore lint/a11y/useSemanticElements: a group that arrow keys move in; fieldset is for form fields */}
      <div
        class="pair"
        role="group"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: arrow keys move over its cells
        tabIndex={0}
        aria-label={`${label}: arrow keys move from cell to cell; the weight is read out below`}
        onKeyDown={(event) => walk(lab, event, index)}
        onBlur={() => {
          lab.cell.value = null;
        }}
      >
        <Panel head={index} part="patterns" title={what} />
        <Panel head={index} part="control" title="no repeat (control)" />
      </div>
      {bars ? (
        <p class="quiet">
          Scores of {shown.broken ? 'the intact model on ' : ''}many sequences at several periods: previous-token{' '}
          {bars.previousToken.toFixed(2)}, induction stripe {bars.induction.toFixed(2)}, the same cells without a repeat{' '}
          {bars.control.toFixed(2)}. A stripe that stays on the right comes from positions, not from tokens.
        </p>
      ) : null}
    </section>
  );
}
