// The scores of two runs side by side, head by head.
import type { JSX } from 'preact';
import { useLab } from '../lab/LabContext.ts';
import type { HeadBars } from '../protocol.ts';
import { HeadName } from './HeadName.tsx';

const share = (bars: HeadBars | undefined, score: 'previousToken' | 'induction' | 'control'): string =>
  bars ? bars[score].toFixed(2) : '–';

export function BesideScores(): JSX.Element | null {
  const { beside, view } = useLab();
  const [shown, other] = [view.value, beside.value];
  if (!shown || !other) return null;
  const labels = [...new Set([...shown.bars, ...other.bars].map(({ label }) => label))];
  const of = (bars: readonly HeadBars[], label: string): HeadBars | undefined => bars.find((b) => b.label === label);
  const both = (label: string): readonly (HeadBars | undefined)[] => [of(shown.bars, label), of(other.bars, label)];
  const names = [`${shown.run.name}, seed ${shown.run.seed}`, `${other.other.name}, seed ${other.other.setting.seed}`];
  return (
    <section class="scroll" aria-label="Scores of both runs" data-testid="beside-scores">
      <table class="beside-scores">
        <thead>
          <tr>
            <th scope="col" rowSpan={2}>
              head
            </th>
            <th scope="colgroup" colSpan={2}>
              previous-token
            </th>
            <th scope="colgroup" colSpan={2}>
              induction stripe (without a repeat)
            </th>
          </tr>
          <tr>
            {[...names, ...names].map((name, i) => (
              <th scope="col" key={`${name} ${i < 2}`}>
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {labels.map((label) => (
            <tr key={label}>
              <th scope="row">
                <HeadName head={both(label).find((bars) => bars !== undefined) as HeadBars} />
              </th>
              {both(label).map((bars, i) => (
                <td key={names[i]}>{share(bars, 'previousToken')}</td>
              ))}
              {both(label).map((bars, i) => (
                <td key={names[i]}>
                  {share(bars, 'induction')} <span class="quiet">({share(bars, 'control')})</span>
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
