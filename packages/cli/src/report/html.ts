// Small pieces of HTML.

import { printable } from '@induction-lab/core/internal/printable';
import { NONE, plainNumber } from '../terminal/textTable.ts';

/** Text made safe inside HTML, and printable. */
export const escapeHtml = (text: string): string => printable(text).replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);

export const paragraph = (html: string): string => `<p>${html}</p>`;

/** A table; cells are HTML, the first column is a row header. */
export function table(header: readonly string[], rows: readonly (readonly string[])[], caption?: string): string {
  const head = `<thead><tr>${header.map((h) => `<th scope="col">${h}</th>`).join('')}</tr></thead>`;
  const body = rows.map(
    ([first, ...rest]) => `<tr><th scope="row">${first}</th>${rest.map((c) => `<td>${c}</td>`).join('')}</tr>`,
  );
  const title = caption ? `<caption>${caption}</caption>` : '';
  return `<div class="scroll" tabindex="0" role="region" aria-label="${caption ?? header.join(', ')}"><table>${title}${head}<tbody>${body.join('')}</tbody></table></div>`;
}

/** A section of the page with its heading. */
export const section = (id: string, title: string, ...contents: readonly string[]): string =>
  `<section id="${id}"><h2>${title}</h2>${contents.join('\n')}</section>`;

/** A loss or another number; – for none, and for what is not finite. */
export const nats: typeof plainNumber = plainNumber;

/** A difference with its sign; what rounds to nothing has none, and – stands for what is not finite. */
export function signed(x: number, digits = 2): string {
  if (!Number.isFinite(x)) return NONE;
  const text = x.toFixed(digits);
  if (Number(text) === 0) return (0).toFixed(digits);
  return x > 0 ? `+${text}` : `−${text.slice(1)}`;
}
