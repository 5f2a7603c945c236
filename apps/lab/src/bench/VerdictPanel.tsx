// The audit's verdict on the model that is shown, with its evidence.
import type { JSX } from 'preact';
import { useLab } from '../lab/LabContext.ts';
import type { Audited } from '../lab/state.ts';
import { Action } from './Action.tsx';
import { AuditAction } from './AuditAction.tsx';
import { VerdictEvidence } from './VerdictEvidence.tsx';

/** What the circuit's proof says: which heads, and how much of the copying they are. */
function Proof({ proof }: { proof: NonNullable<Audited['proof']> }): JSX.Element {
  const percent = (x: number): string => `${Math.round(100 * x)} %`;
  const { faithfulness, random } = proof;
  const kept = random.length > 0 ? random.reduce((sum, r) => sum + r.kept, 0) / random.length : null;
  return (
    <div class="proof" data-testid="proof">
      <p>{proof.sentence}</p>
      {proof.heads.length > 0 ? (
        <p class="quiet">
          Its heads: {proof.heads.map((h) => `${h.label} (${h.role})`).join(', ')}. Alone they keep{' '}
          {faithfulness ? percent(faithfulness.keptByHeads.value) : '–'} of what the model gains on the repeat; without
          them {faithfulness ? percent(faithfulness.lost.value) : '–'} of it is lost.
          {kept === null ? '' : ` Random circuits of the same shape keep ${percent(kept)}.`}
        </p>
      ) : null}
    </div>
  );
}

export function VerdictPanel(): JSX.Element {
  const { audited, currentAudit, judging, prove, run, view } = useLab();
  const said = audited.value;
  const stale = said !== null && said.fingerprint !== view.value?.fingerprint;
  return (
    <section class="panel verdict" aria-labelledby="verdict-title" data-verdict={said?.record.verdict ?? ''}>
      <div class="row spread">
        <h3 id="verdict-title">Verdict</h3>
        <AuditAction idle={run.value === null} />
      </div>
      <div aria-live="polite" data-testid="verdict">
        {said ? (
          <>
            <p class="word">
              <b>{said.record.verdict}</b>
              {stale ? <span class="quiet"> on other weights than are shown, those of step {said.step}</span> : null}
              {view.value?.broken ? <span class="quiet"> on the intact model</span> : null}
            </p>
            <VerdictEvidence said={said} />
            {said.proof ? <Proof proof={said.proof} /> : null}
          </>
        ) : (
          <p class="quiet">
            Has it learned induction, or only to look a fixed distance back? The audit draws its own sequences, tries
            every period, and ablates the paths.
          </p>
        )}
      </div>
      {currentAudit.value ? (
        <p>
          <Action
            idle={judging.value || currentAudit.value.proof !== null}
            onPress={() => void prove()}
            data-testid="prove"
          >
            Prove the circuit
          </Action>{' '}
          <span class="quiet">
            names its heads by what their removal does, and measures how much of the copying they are
          </span>
        </p>
      ) : null}
    </section>
  );
}
