// The table of a sweep as a file: Parquet, CSV or JSON Lines, by its name.
import { extname } from 'node:path';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { badInput } from '../../errors.ts';
import { writeWhole, writeWholeInPieces } from '../../files/wholeFiles.ts';
import type { Cell } from '../jobs/cells.ts';
import type { Columns } from './columns.ts';

export const TABLE_ENDINGS = ['.parquet', '.csv', '.jsonl'] as const;

/** Throws a CommandError for a name that says no format. */
export function checkTableName(path: string): void {
  if (!(TABLE_ENDINGS as readonly string[]).includes(extname(path)))
    throw badInput(
      `--out ${path} says by its ending no format of a table; end it in ${TABLE_ENDINGS.join(', ').replace(/, (?=[^,]*$)/, ' or ')}.`,
    );
}

/** Writes a file whole or not at all. */
export function writeTable(path: string, columns: Columns): void {
  const ending = extname(path);
  if (ending === '.parquet') writeWhole(path, new Uint8Array(parquet(columns)));
  else writeLines(path, ending === '.csv' ? csvLines(columns) : jsonLines(columns));
}

function parquet(columns: Columns): ArrayBuffer {
  return parquetWriteBuffer({
    columnData: columns.names.map((name) => ({ name, ...columns.column(name), nullable: true })),
  });
}

function* csvLines(columns: Columns): Generator<string> {
  const { names } = columns;
  yield names.map(csvCell).join(',');
  for (let row = 0; row < columns.rows; row++) yield names.map((name) => csvCell(columns.at(name, row))).join(',');
}

/** Quoted where it must be (RFC 4180); an empty cell for none. */
function csvCell(cell: Cell): string {
  const text = cell === null ? '' : String(cell);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function* jsonLines(columns: Columns): Generator<string> {
  const { names } = columns;
  for (let row = 0; row < columns.rows; row++)
    yield JSON.stringify(Object.fromEntries(names.map((name) => [name, columns.at(name, row)])));
}

/** Lines written together, so that a table larger than memory for text can be written. */
const BATCH = 1000;

function writeLines(path: string, lines: Iterable<string>): void {
  writeWholeInPieces(path, (write) => {
    let batch: string[] = [];
    const flush = (): void => {
      write(Buffer.from(batch.join('')));
      batch = [];
    };
    for (const line of lines) if (batch.push(`${line}\n`) >= BATCH) flush();
    flush();
  });
}
