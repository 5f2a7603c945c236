// Rows by columns: what a file of a hundred thousand rows is written from.
import type { Cell, RunRow } from '../jobs/cells.ts';

export type ColumnType = 'BOOLEAN' | 'DOUBLE' | 'STRING';

export class Columns {
  rows = 0;
  private readonly cells = new Map<string, Cell[]>();

  add(row: RunRow): void {
    for (const [name, cell] of Object.entries(row)) {
      const column = this.cells.get(name) ?? [];
      this.cells.set(name, column);
      while (column.length < this.rows) column.push(null);
      column.push(cell);
    }
    this.rows++;
  }

  get names(): string[] {
    return [...this.cells.keys()];
  }

  /** A cell; null where its row has none. */
  at(name: string, row: number): Cell {
    return this.cells.get(name)?.[row] ?? null;
  }

  /** All cells of a column, and the type that they share: text where they share none. */
  column(name: string): { type: ColumnType; data: Cell[] } {
    const cells = Array.from({ length: this.rows }, (_, row) => this.at(name, row));
    const types = new Set(cells.flatMap((cell) => (cell === null ? [] : [typeof cell])));
    if (types.size === 1 && types.has('number')) return { type: 'DOUBLE', data: cells };
    if (types.size === 1 && types.has('boolean')) return { type: 'BOOLEAN', data: cells };
    return { type: 'STRING', data: cells.map((cell) => (cell === null ? null : String(cell))) };
  }
}
