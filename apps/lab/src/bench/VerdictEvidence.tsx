// What a verdict rests on, as pictures first: the stripe with and without a repeat, the loss at every period, what
// the paths are worth, and the map. The sentence and the numbers come last.
import type { JSX } from 'preact';
import { useLab } from '../lab/LabContext.ts';
import type { Audited, Shown } from '../lab/state.ts';
import { AuditMap } from './AuditMap.tsx';
import { HeadName } from './HeadName.tsx';
import { PatternCanvas } from './PatternCanvas.tsx';
import { Stripe } from './Stripe.tsx';

type Record = Audited['record'];

const signed = (x: number): string => `${x >= 0 ? '+' : '−'}${Math.abs(x).toFixed(2)}`;

/** The head with the brightest induction stripe, on the sequence that is shown and where nothing repeats. */
function StripePair({ shown }: { shown: Shown }): JSX.Element | null {
  const { mainView } = useLab();
  const { period, start, tokens, bars, look } = shown;
  if (period < 2 || look.ablated.length + look.cuts.length > 0) return null;
  const brightest = bars.reduce((best, b, i) => (b.induction > (bars[best]?.induction ?? 0) ? i : best), 0);
  const head = bars[brightest];
  if (!head) return null;
  const parts = [
    ['patterns', `period ${period}`],
    ['control', 'no repeat'],
  ] as const;
  return (
    <figure class="stripe-pair">
      <div class="pair">
        {parts.map(([part, title]) => (
          <div key={part}>
            <span class="quiet">{title}</span>
            <div class="frame">
              <PatternCanvas source={mainView} head={brightest} part={part} />
              <Stripe period={period} start={start} size={tokens.length} />
            </div>
          </div>
        ))}
      </div>
      <figcaption class="quiet">
        <HeadName head={head} />, the brightest stripe: {head.induction.toFixed(2)} of its attention with a repeat,{' '}
        {head.control.toFixed(2)} on the same cells without one
      </figcaption>
    </figure>
  );
}

/** Loss on the repeat at every period of the audit's sweep: filled where solved. */
function Periods({ record }: { record: Record }): JSX.Element {
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

/** What cutting each of the paths between layers costs. */
function Paths({ record }: { record: Record }): JSX.Element | null {
  const { paths, lnVocab } = record.evidence;
  if (paths.length === 0) return null;
  const most = Math.max(lnVocab, ...paths.map(({ increase }) => increase.value));
  return (
    <figure class="paths">
      {paths.map(({ path, increase }) => (
        <div class="path" key={path}>
          <b>{path.toUpperCase()}</b>
          <span class="gauge" aria-hidden="true">
            <i class="bar" style={{ width: `${(100 * Math.max(0, increase.value)) / most}%` }} />
          </span>
          <span>{signed(increase.value)}</span>
        </div>
      ))}
      <figcaption class="quiet">nats more on the repeat without earlier layers in the queries, keys, values</figcaption>
    </figure>
  );
}

function Numbers({ record }: { record: Record }): JSX.Element {
  const { margins, paths, keySources } = record.evidence;
  return (
    <details>
      <summary>Numbers that decided</summary>
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

export function VerdictEvidence({ said }: { said: Audited }): JSX.Element {
  const { view } = useLab();
  const shown = view.value;
  const { record, map, step } = said;
  return (
    <>
      <div class="evidence">
        {shown && shown.fingerprint === said.fingerprint ? <StripePair shown={shown} /> : null}
        <Periods record={record} />
        <Paths record={record} />
        <AuditMap map={map} title={`Step ${step}: where it finds the earlier copy`} />
      </div>
      <p>{record.sentence}</p>
      <Numbers record={record} />
    </>
  );
}
