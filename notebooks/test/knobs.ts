// The notebook with other knobs.
import { join } from 'node:path';
import { committed, type Execution, execute, folder } from './execute.ts';
import { codeCells, joined, type Notebook, writeNotebook } from './ipynb.ts';

/** Runs cells of the notebook with other knobs. */
export function executeWith(cells: Notebook['cells']): Promise<Execution> {
  const from = join(folder, 'changed.ipynb');
  writeNotebook(from, { ...committed, cells });
  return execute(from);
}

/** The cells from the set-up on, with knobs changed in the source of the cell of knobs. */
export function cellsWith(knobs: Readonly<Record<string, string>>): Notebook['cells'] {
  return codeCells(committed).map((cell) => {
    if (cell.id !== 'knobs') return cell;
    let source = joined(cell.source);
    for (const [name, value] of Object.entries(knobs)) {
      const line = new RegExp(`^( +${name}: )(\\[.*\\]|[^,]+),`, 'm');
      if (!line.test(source)) throw new Error(`The cell of knobs has no knob ${name}.`);
      source = source.replace(line, `$1${value},`);
    }
    return { ...cell, source };
  });
}
