// What a table of a sweep holds.

/** What a cell holds. */
export type Cell = string | number | boolean | null;

/** A run by the names of the table's columns. */
export type RunRow = Readonly<Record<string, Cell>>;
