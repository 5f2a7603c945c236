// Tokens in a row with arcs above them to where heads look, and bars below them for what each token cost.
import { escapeHtml } from './html.ts';
import type { ReadText } from './readText.ts';

/** Colours that heads have in turn. */
export const HEAD_COLOURS = 4;

const [charWidth, padding, edge, barHeight, rowHeight] = [8.1, 7, 12, 70, 22];

/** The style of the drawing and its switches. */
export const arcStyle: string = `
.read { padding-top: 1.2rem; } .read h1 { overflow-wrap: anywhere; }
.arcs { overflow-x: auto; margin: .6rem 0; } .arcs svg { display: block; min-width: 0; max-width: none; width: auto; }
.arcs text { font: 13px ui-monospace, monospace; fill: var(--text); } .arcs .quiet { fill: var(--quiet); font-size: 10px; }
.arcs .cost { fill: var(--quiet); opacity: .55; } .arcs .off { fill: none; stroke: var(--text); }
.arcs path { fill: none; } .switches label { margin-right: 1rem; white-space: nowrap; font-weight: 600; }
${['blue', 'orange', 'green', 'purple'].map((name, i) => `.arcs .h${i} { stroke: var(--figure-${name}); } .switches .h${i} { color: var(--figure-${name}); }`).join('\n')}
${Array.from({ length: 64 }, (_, i) => `main:has(#show${i}:not(:checked)) .head${i} { display: none; }`).join('\n')}
`;

/** The drawing, in a box that scrolls where it is wider than the page. */
export function arcs({ positions, labels, heads, copies, without }: ReadText): string {
  const texts = positions.map(({ token }) => labels.get(token)!);
  const widths = texts.map((text) => Math.max(26, [...text].length * charWidth + 2 * padding));
  const lefts = widths.map((_, i) => edge + widths.slice(0, i).reduce((a, b) => a + b, 0));
  const centre = (i: number): number => lefts[i]! + widths[i]! / 2;
  const spans = copies.flatMap(({ query }, i) => heads.map(({ looks }) => centre(query) - centre(looks[i]!.key)));
  const rise = Math.min(180, 24 + Math.max(0, ...spans) / 3);
  const top = copies.length === 0 ? 8 : rise + 8;
  const width = lefts.at(-1)! + widths.at(-1)! + edge;
  const most = Math.max(1, ...positions.flatMap(({ loss, lossWithout }) => [loss ?? 0, (without && lossWithout) || 0]));
  const heightOf = (loss: number): number => (barHeight * loss) / most;
  const barsTop = top + rowHeight + 20;
  const tokens = texts.map(
    (text, i) =>
      `<text x="${centre(i).toFixed(1)}" y="${top + 15}" text-anchor="middle">${escapeHtml(text)}</text><text class="quiet" x="${centre(i).toFixed(1)}" y="${top + rowHeight + 10}" text-anchor="middle">${i}</text>`,
  );
  const bars = positions.flatMap(({ position, loss, lossWithout }) => {
    if (loss === null) return [];
    const bar = (kind: string, cost: number): string =>
      `<rect class="${kind}" x="${(centre(position) - 7).toFixed(1)}" y="${barsTop}" width="14" height="${heightOf(cost).toFixed(1)}"><title>${escapeHtml(`${texts[position]}: ${cost.toFixed(2)} nats${kind === 'off' ? ' with heads off' : ''}`)}</title></rect>`;
    return [bar('cost', loss), ...(without && lossWithout !== null ? [bar('off', lossWithout)] : [])];
  });
  const drawn = heads.flatMap(({ label, looks }, h) =>
    looks.map(({ query, key, weight }) => {
      const [from, to] = [centre(query), centre(key)];
      const height = Math.min(rise, 24 + Math.abs(from - to) / 3);
      const lift = h * 3;
      const said = `${label}: ${query} ${texts[query]} looks at ${key} ${texts[key]}, ${weight.toFixed(2)} of its attention`;
      const d =
        query === key
          ? `M${from - 5},${top} C${from - 12},${top - 18} ${from + 12},${top - 18} ${from + 5},${top}`
          : `M${from.toFixed(1)},${top} C${from.toFixed(1)},${(top - height - lift).toFixed(1)} ${to.toFixed(1)},${(top - height - lift).toFixed(1)} ${to.toFixed(1)},${top}`;
      return `<path class="h${h % HEAD_COLOURS} head${h}" d="${d}" stroke-width="${(0.6 + 4 * weight).toFixed(2)}" stroke-opacity="${(0.25 + 0.75 * weight).toFixed(2)}"><title>${escapeHtml(said)}</title></path>`;
    }),
  );
  const height = barsTop + barHeight + 8;
  return `<div class="arcs" tabindex="0" role="region" aria-label="tokens with arcs to where heads look"><svg width="${width.toFixed(0)}" height="${height.toFixed(0)}" viewBox="0 0 ${width.toFixed(0)} ${height.toFixed(0)}" role="img"><title>Where each head looks, and what each token cost</title>${[...drawn, ...tokens, ...bars].join('')}</svg></div>`;
}
