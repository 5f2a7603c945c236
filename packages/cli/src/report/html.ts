// Small pieces of HTML.

/** Text made safe inside HTML. */
export const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);

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

export const nats = (x: number | null | undefined, digits = 2): string =>
  x === null || x === undefined || Number.isNaN(x) ? '–' : x.toFixed(digits);

/** A difference with its sign; what rounds to nothing has none. */
export function signed(x: number, digits = 2): string {
  const text = x.toFixed(digits);
  if (Number(text) === 0) return (0).toFixed(digits);
  return x > 0 ? `+${text}` : `−${text.slice(1)}`;
}
