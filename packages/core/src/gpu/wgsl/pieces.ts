// What the kernels' text is put together from. `lid` is an invocation's number in its workgroup; a tile of four rows and a
// row of vec4s are the units of work.
import { WORKGROUP } from '../layout.ts';

/** The text for 0 … count − 1, a line each. */
export const times = (count: number, text: (i: number) => string): string =>
  Array.from({ length: count }, (_, i) => text(i)).join('\n');

/** A number as a float of WGSL, rounded as float32 is. */
export const float = (value: number): string => `${Math.fround(value)}f`;

/** Everything that the workgroup has written can be read by all of it. */
export const SYNC = 'workgroupBarrier(); storageBarrier();';

/** Runs `body` for i = 0 … count − 1, divided among the invocations. */
export const each = (count: number | string, body: string): string =>
  `for (var i = lid; i < ${count}u; i += ${WORKGROUP}u) { ${body} }`;

/** Where the vec4 of a row and a column of a matrix stands. */
export type Cell = (row: string, column: string) => string;

/** Cells of a matrix `width` vec4s wide in the scratch of the workgroup, from `start` on. */
export const inScratch =
  (start: number | string, width: number): Cell =>
  (row, column) =>
    `scratch[S0 + ${start} + (${row}) * ${width}u + ${column}]`;

/** Cells of the operand in the tile. */
export const inTile =
  (width: number): Cell =>
  (row, column) =>
    `${tile(`(${row}) * ${width}u + ${column}`)}`;

/** The tile's vec4 at `index`: a name that `tileIn` gives a meaning. */
export const tile = (index: string): string => `TILE(${index})`;

/** Puts the tile where it lies: in workgroup memory, or from `start` on in the workgroup's scratch. */
export function tileIn(code: string, place: { start: number } | 'workgroup'): string {
  const name = 'TILE(';
  let out = '';
  let rest = code;
  for (let at = rest.indexOf(name); at >= 0; at = rest.indexOf(name)) {
    const from = at + name.length;
    let end = from;
    for (let depth = 1; depth > 0; end++) depth += rest[end] === '(' ? 1 : rest[end] === ')' ? -1 : 0;
    const index = rest.slice(from, end - 1);
    out += `${rest.slice(0, at)}${place === 'workgroup' ? `tile[${index}]` : `scratch[S0 + ${place.start}u + (${index})]`}`;
    rest = rest.slice(end);
  }
  return out + rest;
}

/** The gradient of a weight in this workgroup's sum: that of its first sequence begins it. */
export const begun = (gradient: string, first = 'first'): string => `select(${gradient}, vec4f(), ${first})`;

/** Sums within the four neighbours that share a row: invocations base … base + 3. */
export const shareOfRow = (slot: 0 | 1, value: string): string =>
  `red[${slot * WORKGROUP}u + lid] = ${value}; workgroupBarrier();`;
export const sumOfRow = (slot: 0 | 1): string =>
  `(${Array.from({ length: 4 }, (_, i) => `red[${slot * WORKGROUP}u + base + ${i}u]`).join(' + ')})`;

/** Four neighbours share a row: `body` sees the row r, its lane, base, and whether there is such a position. */
export const byRow = (rows: number, positions: number, body: string): string =>
  `for (var row0 = 0u; row0 < ${rows}u; row0 += ${WORKGROUP / 4}u) {
    let r = row0 + lid / 4u; let lane = lid % 4u; let base = lid - lane; let inside = r < ${positions}u;
    ${body}
  }`;

/** A lane's share of the vec4s of its row. */
export const alongRow = (width: number, body: string): string =>
  `for (var j = lane; j < ${width}u; j += 4u) { ${body} }`;

/** 1 where a column of vec4 `j` counts, 0 in what pads a row of `size` numbers; nothing where no row is padded. */
export const onlyOf = (size: number, j: string): string | null =>
  size % 4 === 0
    ? null
    : `select(vec4f(1.0), vec4f(${[0, 1, 2, 3].map((c) => (c < size % 4 ? '1.0' : '0.0')).join(', ')}), ${j} == ${Math.floor(size / 4)}u)`;
