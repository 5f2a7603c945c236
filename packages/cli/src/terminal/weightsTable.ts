// What the weights say of every head, as a table.
import type { HeadCircuitRecord } from '@induction-lab/core/node';
import { WEIGHTS } from './headings.ts';
import { explainedTable, plainNumber } from './textTable.ts';

export const weightsTable = (heads: readonly HeadCircuitRecord[], columns: number): string[] =>
  explainedTable(
    WEIGHTS,
    heads.map((h) => [h.label, plainNumber(h.copying), plainNumber(h.copiesTop1), plainNumber(h.previousPosition)]),
    { columns },
  );
