// Reading notebooks in tests: their cells, what cells show, and what of it may differ from run to run.
import { readFileSync, writeFileSync } from 'node:fs';

export interface Output {
  readonly output_type: 'stream' | 'display_data' | 'execute_result' | 'error';
  readonly name?: string;
  readonly text?: string | string[];
  readonly data?: Readonly<Record<string, string | string[]>>;
  readonly metadata?: {
    readonly alt?: string;
    readonly 'image/png'?: { readonly width: number; readonly height: number };
  };
  readonly ename?: string;
  readonly evalue?: string;
}

export interface Cell {
  readonly id: string;
  readonly cell_type: 'markdown' | 'code';
  source: string | string[];
  readonly execution_count?: number | null;
  readonly outputs?: readonly Output[];
}

export interface Notebook {
  readonly cells: Cell[];
  readonly metadata: { readonly kernelspec: { readonly name: string } };
}

export const readNotebook = (path: string): Notebook => JSON.parse(readFileSync(path, 'utf8')) as Notebook;
export const writeNotebook = (path: string, notebook: Notebook): void => writeFileSync(path, JSON.stringify(notebook));

/** nbformat stores texts whole or as lines. */
export const joined = (text: string | readonly string[] | undefined): string =>
  typeof text === 'string' ? text : (text ?? []).join('');

export const codeCells = ({ cells }: Notebook): Cell[] => cells.filter((c) => c.cell_type === 'code');
export const textCells = ({ cells }: Notebook): Cell[] => cells.filter((c) => c.cell_type === 'markdown');
export const images = ({ outputs = [] }: Cell): Output[] => outputs.filter((o) => o.data && 'image/png' in o.data);

/** Everything that a cell shows in words. */
export const shownText = ({ outputs = [] }: Cell): string =>
  outputs.map((o) => `${joined(o.text)}${joined(o.data?.['text/plain'])}${o.evalue ?? ''}`).join('\n');

/** Text without what a machine decides: how long things took, and on how many threads. */
export const withoutTimings = (text: string): string =>
  text
    .replace(/\d+(\.\d+)? s\b/g, '# s')
    .replace(/\d+ steps a second/g, '# steps a second')
    .replace(/\d+ threads?/g, '# threads');

/** A cell's outputs for comparison: texts without timings, figures as SVG (their PNG is the same figure in pixels). */
export const comparable = ({ outputs = [] }: Cell): unknown[] => {
  const shown = outputs.map(({ output_type, name, text, data = {} }) => ({
    output_type,
    ...(name ? { name } : {}),
    text: withoutTimings(joined(text)),
    data: Object.fromEntries(
      Object.entries(data)
        .filter(([type]) => type !== 'image/png')
        .map(([type, content]) => [type, withoutTimings(joined(content))]),
    ),
  }));
  // Streams that follow each other may arrive as one or as several messages.
  return shown.reduce<typeof shown>((list, output) => {
    const last = list.at(-1);
    if (last?.output_type === 'stream' && output.output_type === 'stream' && last.name === output.name)
      list[list.length - 1] = { ...last, text: last.text + output.text };
    else list.push(output);
    return list;
  }, []);
};
