// Products of matrices. An invocation computes tiles of 4 × 4; operands are read from the workgroup's tile, weights from
// the member's parameters.
import { begun, type Cell, each, times } from './pieces.ts';

/** A matrix of weights: where it starts in the parameters, its rows, and vec4s of a row. */
export interface Matrix {
  readonly at: string;
  readonly rows: number;
  readonly width: number;
}

/** A row of weights; 0 beyond the last, where the operand is padded. */
const rowOf = ({ at, rows, width }: Matrix, row: string, column: string): string => {
  const read = `params[P0 + ${at} + (${row}) * ${width}u + ${column}]`;
  return rows % 4 === 0 ? read : `select(vec4f(), ${read}, ${row} < ${rows}u)`;
};

/** `store` takes rows r … r + 3 of column c, in y0 … y3. */
interface Product {
  /** Rows of the operand, a multiple of 4. */
  readonly rows: number;
  readonly from: Cell;
  readonly store: (row: string, value: string) => string;
}

const fourRows = (body: string, store: Product['store']): string => `
    ${times(4, (q) => `var y${q} = vec4f();`)}
    ${body}
    ${times(4, (q) => store(`r + ${q}u`, `y${q}`))}`;

/** x · W: [rows, W.width]. */
export function product(W: Matrix, { rows, from, store }: Product): string {
  const inner = `for (var k = 0u; k < ${Math.ceil(W.rows / 4)}u; k++) {
      ${times(4, (n) => `let w${n} = ${rowOf(W, `k * 4u + ${n}u`, 'c')};`)}
      ${times(4, (q) => `{ let a = ${from(`r + ${q}u`, 'k')}; y${q} += a.x * w0 + a.y * w1 + a.z * w2 + a.w * w3; }`)}
    }`;
  return each((rows / 4) * W.width, `let r = i / ${W.width}u * 4u; let c = i % ${W.width}u; ${fourRows(inner, store)}`);
}

/**
 * x · Wᵀ: [rows, W.rows]. With `turns`, the sum of so many products with matrices and operands that depend on n; `after`
 * runs when one of them has been added.
 */
export function productTransposed(
  W: Matrix,
  { rows, from, store, turns = 1, after = '' }: Product & { turns?: number; after?: string },
): string {
  const outer = Math.ceil(W.rows / 4);
  const inner = `for (var n = 0u; n < ${turns}u; n++) {
      for (var k = 0u; k < ${W.width}u; k++) {
        ${times(4, (q) => `let w${q} = ${rowOf(W, `c * 4u + ${q}u`, 'k')};`)}
        ${times(4, (q) => `{ let a = ${from(`r + ${q}u`, 'k')}; y${q} += vec4f(dot(a, w0), dot(a, w1), dot(a, w2), dot(a, w3)); }`)}
      }
      ${after}
    }`;
  return each((rows / 4) * outer, `let r = i / ${outer}u * 4u; let c = i % ${outer}u; ${fourRows(inner, store)}`);
}

/** dW = Σ over positions of xᵀ · dy, added to what this workgroup has. */
export function weightGradient(
  W: Matrix,
  { x, dy, positions, first = 'first' }: { x: Cell; dy: Cell; positions: number; first?: string },
): string {
  const inRows = (q: number, body: string): string =>
    W.rows % 4 === 0 ? body : `if (r * 4u + ${q}u < ${W.rows}u) { ${body} }`;
  return each(
    Math.ceil(W.rows / 4) * W.width,
    `let r = i / ${W.width}u; let c = i % ${W.width}u; let g = G0 + ${W.at} + r * ${4 * W.width}u + c;
    ${times(4, (q) => `var y${q} = vec4f();`)}
    ${times(4, (q) => inRows(q, `y${q} = ${begun(`gradients[g + ${q * W.width}u]`, first)};`))}
    for (var t = 0u; t < ${positions}u; t++) {
      let a = ${x('t', 'r')}; let b = ${dy('t', 'c')};
      ${times(4, (q) => `y${q} += a[${q}] * b;`)}
    }
    ${times(4, (q) => inRows(q, `gradients[g + ${q * W.width}u] = y${q};`))}`,
  );
}

/** The gradient of a bias: the sum of dy over positions, added to what this workgroup has. */
export const biasGradient = (at: string, width: number, { dy, positions }: { dy: Cell; positions: number }): string =>
  each(
    width,
    `let g = G0 + ${at} + i; var sum = ${begun('gradients[g]')};
    for (var t = 0u; t < ${positions}u; t++) { sum += ${dy('t', 'i')}; }
    gradients[g] = sum;`,
  );
