// What a cell shows. Everything goes to Jupyter as messages of our own, one after the other: text that a cell writes with
// console.log travels another way and may arrive before or after the pictures. Await each call.
import { type FigureOptions, nodeDocument, svgToPng } from '@induction-lab/figures/node';

/** What Deno's Jupyter kernel gives the code that it runs. */
interface Kernel {
  readonly jupyter: { broadcast(type: string, content: Readonly<Record<string, unknown>>): Promise<void> };
}

/** The part of a message that says what is shown: the same thing in several formats, the front end takes the best. */
export interface Shown {
  readonly data: Readonly<Record<string, string>>;
  readonly metadata: Readonly<Record<string, unknown>>;
}

function broadcast(type: string, content: Readonly<Record<string, unknown>>): Promise<void> {
  const kernel = (globalThis as { Deno?: Partial<Kernel> }).Deno?.jupyter;
  if (!kernel) throw new Error('Nothing can be shown here: this runs in a Jupyter notebook with the Deno kernel only.');
  return kernel.broadcast(type, content);
}

// `transient` is given even where it is empty: some Jupyter clients fail on a message without it.
const display = ({ data, metadata }: Shown): Promise<void> =>
  broadcast('display_data', { data, metadata, transient: {} });

/** Prints lines of text. */
export const print = (...lines: readonly string[]): Promise<void> =>
  broadcast('stream', { name: 'stdout', text: lines.map((line) => `${line}\n`).join('') });

/** Shows rows of cells as a table; the first row is the heading. Columns of numbers stand right. */
export const table = (rows: readonly (readonly string[])[]): Promise<void> => display(tableShown(rows));

/** A table as Markdown, with plain text for where there is none. */
export function tableShown(rows: readonly (readonly string[])[]): Shown {
  const [head, ...body] = rows;
  if (!head) throw new Error('table: there is no row; pass the heading and at least one row.');
  const line = (cells: readonly string[]): string => `| ${cells.map((c) => c.replaceAll('|', '\\|')).join(' | ')} |`;
  const numbers = head.map((_, i) => i > 0 && body.every((row) => /^\W*\d|^[–*]+$/.test(row[i]!)));
  const rule = line(numbers.map((right) => (right ? '---:' : '---')));
  const plain = rows.map((row) => row.map((c) => c.replace(/[*`]/g, '')));
  const widths = head.map((_, i) => Math.max(...plain.map((row) => row[i]!.length)));
  const aligned = plain.map((row) =>
    row
      .map((c, i) => (numbers[i] ? c.padStart(widths[i]!) : c.padEnd(widths[i]!)))
      .join('  ')
      .trimEnd(),
  );
  return {
    data: { 'text/markdown': [line(head), rule, ...body.map(line)].join('\n'), 'text/plain': aligned.join('\n') },
    metadata: {},
  };
}

/** Pixels of a PNG for each pixel of the figure: sharp on most screens, and half the bytes of twice as many. */
const SCALE = 1.5;

/** Draws a record with one of the figures package's charts and shows it. */
export const show = <R>(
  chart: (record: R, options: FigureOptions) => string,
  record: R,
  width?: number,
): Promise<void> =>
  display(
    figureShown(chart(record, { theme: 'light', document: nodeDocument(), ...(width === undefined ? {} : { width }) })),
  );

/** A figure as SVG and as PNG, for where SVG is not drawn, with its title and description in words. */
export function figureShown(svg: string): Shown {
  const words = ['title', 'desc'].map((tag) =>
    plainText(new RegExp(`<${tag}>(.*?)</${tag}>`, 's').exec(svg)?.[1] ?? ''),
  );
  const alt = words.map((text) => (/[.!?]$/.test(text) ? text : `${text}.`)).join(' ');
  const [width, height] = ['width', 'height'].map((name) =>
    Number(new RegExp(`^<svg[^>]* ${name}="([\\d.]+)"`).exec(svg)?.[1]),
  ) as [number, number];
  const png = Buffer.from(svgToPng(svg, { width: Math.round(SCALE * width) })).toString('base64');
  return {
    data: { 'image/svg+xml': svg, 'image/png': png, 'text/plain': alt },
    metadata: { alt, 'image/png': { alt, width, height } },
  };
}

const plainText = (xml: string): string =>
  xml.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&quot;', '"').replaceAll('&amp;', '&');

/** Text in the cell that can be replaced while the cell runs. */
export class LiveText {
  private readonly id = crypto.randomUUID();
  private shown = false;

  async write(text: string): Promise<void> {
    const type = this.shown ? 'update_display_data' : 'display_data';
    this.shown = true;
    await broadcast(type, { data: { 'text/plain': text }, metadata: {}, transient: { display_id: this.id } });
  }
}
