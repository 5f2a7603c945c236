// The audit's verdict on the model that is shown, with its evidence.
import type { JSX } from 'preact';
import { useLab } from '../lab/LabContext.ts';
import type { Audited } from '../lab/state.ts';
import { Action } from './Action.tsx';
import { AuditMap } from './AuditMap.tsx';

const signed = (x: number): string => `${x >= 0 ? '+' : '−'}${Math.abs(x).toFixed(2)}`;

/** Loss on the repeat at every period of the sweep: filled where solved. */
function Periods({ record }: { record: Audited['record'] }): JSX.Element {
  const { periods, lnVocab, solvedBelow } = record.evidence;
  const top = Math.max(lnVocab * 1.2, 1e-9, ...periods.map((p) => p.lossRepeat.value));
  const x = (i: number): number => 8 + (i * 284) / Math.max(1, periods.length - 1);
  const y = (loss: number): number => 84 - (76 * Math.min(loss, top)) / top;
  const solved = periods.filter((p) => p.solved).map((p) => p.period);
  return (
    <figure class="periods">
      <svg
        viewBox="0 0 300 104"
        role="img"
        aria-label={`Loss on the repeat at periods ${periods[0]?.period} to ${periods.at(-1)?.period}; solved: ${solved.join(', ') || 'none'}`}
      >
        <line x1="0" x2="300" y1={y(lnVocab)} y2={y(lnVocab)} class="chance" />
        <line x1="0" x2="300" y1={y(solvedBelow)} y2={y(solvedBelow)} class="half" />
        {periods.map((p, i) => (
          <circle key={p.period} cx={x(i)} cy={y(p.lossRepeat.value)} r="3.6" class={p.solved ? 'solved' : 'open'} />
        ))}
        {periods.map((p, i) =>
          i % 4 === 0 || i === periods.length - 1 ? (
            <text key={p.period} x={x(i)} y="101">
              {p.period}
            </text>
          ) : null,
        )}
      </svg>
      <figcaption class="quiet">loss on the repeat by period; filled: below half of guessing</figcaption>
    </figure>
  );
}

function Evidence({ record }: { record: Audited['record'] }): JSX.Element {
  const { margins, paths, keySources } = record.evidence;
  return (
    <details>
      <summary>Evidence</summary>
      <table>
        <caption class="spoken">Numbers that decided, beside their thresholds</caption>
        <thead>
          <tr>
            <th scope="col">what decided</th>
            <th scope="col">value</th>
            <th scope="col">threshold</th>
          </tr>
        </thead>
        <tbody>
          {margins.map((m) => (
            <tr key={m.what}>
              <th scope="row">{m.what}</th>
              <td>
                {m.value.toFixed(2)}
                {m.close ? ' (close)' : ''}
              </td>
              <td>{m.threshold}</td>
            </tr>
          ))}
          {paths.map((p) => (
            <tr key={p.path}>
              <th scope="row">edges from earlier layers into {p.path.toUpperCase()} ablated</th>
              <td>{signed(p.increase.value)} nats</td>
              <td />
            </tr>
          ))}
          {keySources.map((s) => (
            <tr key={s.label}>
              <th scope="row">edges from {s.label} into the induction heads’ keys ablated</th>
              <td>{signed(s.increase.value)} nats</td>
              <td />
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  );
}

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
  const { audited, currentAudit, judge, judging, prove, run, view } = useLab();
  const said = audited.value;
  const stale = said !== null && said.fingerprint !== view.value?.fingerprint;
  return (
    <section class="panel verdict" aria-labelledby="verdict-title" data-verdict={said?.record.verdict ?? ''}>
      <div class="row spread">
        <h3 id="verdict-title">Verdict</h3>
        <Action onPress={() => void judge()} idle={judging.value || run.value === null} data-testid="audit">
          {judging.value ? 'The audit is at work …' : 'Audit this model'}
        </Action>
      </div>
      <div aria-live="polite" data-testid="verdict">
        {said ? (
          <>
            <p class="word">
              <b>{said.record.verdict}</b>
              {stale ? <span class="quiet"> on other weights than are shown, those of step {said.step}</span> : null}
              {view.value?.broken ? <span class="quiet"> on the intact model</span> : null}
            </p>
            <p>{said.record.sentence}</p>
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
      {said ? <AuditMap map={said.map} title={`Step ${said.step}: where it finds the earlier copy`} /> : null}
      {said ? <Periods record={said.record} /> : null}
      {said ? <Evidence record={said.record} /> : null}
    </section>
  );
}
