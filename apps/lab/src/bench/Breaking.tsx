// Causal play: what is switched off, in which way, and which paths from earlier layers are cut.
import type { JSX } from 'preact';
import { useLab } from '../lab/LabContext.ts';
import { headText, KINDS } from '../link.ts';
import type { AblationKind, PathInput } from '../protocol.ts';
import { focusOn } from './Action.tsx';
import { HeadName } from './HeadName.tsx';

const SAYS: Record<(typeof KINDS)[number], string> = {
  zero: 'zero: its output is nothing',
  mean: 'mean: its output is its average',
  'pattern-preserving': 'pattern-preserving: later heads look where they looked before',
};

const PATHS: readonly (readonly [PathInput, string])[] = [
  ['q', 'queries'],
  ['k', 'keys'],
  ['v', 'values'],
];

export function Breaking(): JSX.Element {
  const { change, restore, toggleAblation, toggleCut, view, wanted } = useLab();
  const one = (view.value?.nLayers ?? 2) < 2;
  const { ablated = [], cuts = [] } = view.value?.look ?? {};
  const whole = ablated.length + cuts.length === 0;
  return (
    <section class="panel breaking" aria-labelledby="breaking-title">
      <h3 id="breaking-title">Break it</h3>
      <div class="row">
        <label>
          <span>switched off means</span>
          <select
            value={wanted.value.kind}
            data-testid="kind"
            onChange={(e) => change({ kind: e.currentTarget.value as AblationKind })}
          >
            {KINDS.map((name) => (
              <option key={name} value={name}>
                {SAYS[name]}
              </option>
            ))}
          </select>
        </label>
      </div>
      <fieldset class="cuts" disabled={one}>
        <legend>cut what earlier layers wrote out of the later heads’</legend>
        {PATHS.map(([input, name]) => (
          <button
            type="button"
            key={input}
            class="chip"
            aria-pressed={cuts.includes(input)}
            onClick={() => toggleCut(input)}
            data-testid={`cut-${input}`}
          >
            <b>{input.toUpperCase()}</b> {name}
          </button>
        ))}
        {one ? <p class="quiet">One layer: there is no path between heads to cut.</p> : null}
      </fieldset>
      <p class="row broken">
        {whole ? (
          <span class="quiet">Nothing is broken. Switch heads off below their patterns.</span>
        ) : (
          <>
            {ablated.map((head) => (
              <button
                type="button"
                class="chip"
                key={headText(head)}
                onClick={() => {
                  focusOn('#breaking-title');
                  toggleAblation(head);
                }}
                aria-label={`Restore ${headText(head)}`}
              >
                <HeadName head={head} /> ×
              </button>
            ))}
            {cuts.map((input) => (
              <span class="chip still" key={input}>
                {input.toUpperCase()} cut
              </span>
            ))}
            <button
              type="button"
              class="plain"
              onClick={() => {
                focusOn('#breaking-title');
                restore();
              }}
            >
              Restore all
            </button>
          </>
        )}
      </p>
    </section>
  );
}
