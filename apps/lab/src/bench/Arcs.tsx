// The sequence as a line, and arcs from queries to the keys at which heads look sharply, in the colour of each head: all heads
// from one query, or all queries of one head.
import type { JSX } from 'preact';
import { useLab } from '../lab/LabContext.ts';
import type { HeadBars, View } from '../protocol.ts';
import { wordIn } from '../viewText.ts';
import { HeadName } from './HeadName.tsx';
import { headHue } from './headHue.ts';
import { pointAt } from './pointAt.ts';
import { type SharpLook, sharpLooks } from './sharpLooks.ts';

/** Units of the drawing: a position is CELL wide, the arcs rise up to HEIGHT. */
const CELL = 20;
const HEIGHT = 120;
const ROW = 26;

const middle = (position: number): number => (position + 0.5) * CELL;

/** An arc from a query back to a key; a loop where a head looks at the query itself. */
function path(query: number, key: number, size: number): string {
  const [from, to] = [middle(query), middle(key)];
  if (query === key) return `M${from - 4},${HEIGHT}q4,-22 8,0`;
  const rise = 14 + ((HEIGHT - 22) * (query - key)) / size;
  return `M${from},${HEIGHT}C${from},${HEIGHT - rise * 1.3} ${to},${HEIGHT - rise * 1.3} ${to},${HEIGHT}`;
}

interface Arc extends SharpLook {
  readonly query: number;
}

/** The arcs to be drawn: of the head that is pointed at, else of the query that is. */
function arcsOf(shown: View, head: number | null, query: number | null): Arc[] {
  const of = (q: number): Arc[] => sharpLooks(shown, q).map((look) => ({ ...look, query: q }));
  if (head !== null) return shown.tokens.flatMap((_, q) => of(q).filter(({ index }) => index === head));
  return query === null ? [] : of(query);
}

const copyOf = ({ period: P, start }: View, position: number): string => {
  const at = position - start;
  return P === 0 || at < 0 ? '' : at < P ? 'first' : at < 2 * P ? 'again' : '';
};

export function Arcs(): JSX.Element | null {
  const lab = useLab();
  const { cell, pointedHead, viewOfTokens } = lab;
  const shown = viewOfTokens.value;
  if (!shown) return null;
  const size = shown.tokens.length;
  const at = cell.value && cell.value.query < size ? cell.value : null;
  const head = pointedHead.value !== null && pointedHead.value < shown.bars.length ? pointedHead.value : null;
  const arcs = arcsOf(shown, head, at?.query ?? null);
  const heads = [...new Map(arcs.map(({ index, label }) => [index, label]))];
  const label = head === null ? null : shown.bars[head]?.label;
  const says =
    head !== null
      ? `${label} looks sharply from ${arcs.length} of ${size} positions`
      : at
        ? `from position ${at.query}: ${heads.map(([, name]) => name).join(', ') || 'no head looks sharply'}`
        : 'point at a token or a head: arcs go to where it looks sharply';
  const hover = (event: PointerEvent): void => {
    const { position } = (event.target as Element).closest<SVGElement>('[data-position]')?.dataset ?? {};
    if (position !== undefined) pointAt(lab, shown, Number(position));
  };
  return (
    <figure class="arcs" data-testid="arcs">
      <svg
        viewBox={`0 0 ${size * CELL} ${HEIGHT + ROW}`}
        role="img"
        aria-label={says}
        onPointerOver={hover}
        onPointerLeave={() => {
          cell.value = null;
        }}
      >
        {arcs.map(({ index, query, key, weight }) => (
          <path
            key={`${index} ${query}`}
            d={path(query, key, size)}
            style={{ '--hue': headHue(index), opacity: 0.25 + 0.75 * weight }}
            data-one={head === null || at?.query === query}
          />
        ))}
        {shown.tokens.map((token, position) => (
          <g
            key={position}
            data-position={position}
            data-copy={copyOf(shown, position)}
            data-query={at?.query === position}
            transform={`translate(${position * CELL},${HEIGHT})`}
          >
            <rect x="1" y="2" width={CELL - 2} height={ROW - 4} rx="3" />
            <text x={CELL / 2} y="17">
              {wordIn(shown, token).slice(0, 3)}
            </text>
          </g>
        ))}
      </svg>
      <figcaption class="quiet">
        {head === null && at && heads.length > 0 ? (
          <>
            from position {at.query}:{' '}
            {heads.map(([index]) => (
              <HeadName key={index} head={shown.bars[index] as HeadBars} />
            ))}
          </>
        ) : (
          says
        )}
      </figcaption>
    </figure>
  );
}
