// A head written down: where it looks and what it copies, as matrices.
import { Matrix } from '../circuits/weights/factoredMatrix.ts';

/** How sharply heads attend: differences of attention scores. Softmax of it is 1 in float32. */
const SHARPNESS = 100;

/** Where a head looks. */
export type Look =
  /** At position q − `back`, from query `first` (or the first that has one) to query `last`; the others look at nothing in particular. */
  | { readonly back: number; readonly first?: number; readonly last?: number }
  /** At one position. */
  | { readonly at: number }
  /** At keys that hold the query's token in that part of the residual stream. */
  | Match;

export interface Match {
  readonly match: string;
  /** Positions that hold none there. */
  readonly except: readonly number[];
  /** Only keys so far back: q − k from … to. Where none of those matches, it looks at position 0. */
  readonly back?: readonly [from: number, to: number];
  /** Only where this token stands in that part; elsewhere it looks at position 0. */
  readonly where?: { readonly part: string; readonly token: number };
}

/** What a head does: where it looks, and from which part of the residual stream to which it copies the token there. */
export interface WrittenHead {
  readonly look: Look;
  /** `times` is how much of it it writes, 1 unless told. */
  readonly copy: { readonly from: string; readonly to: string; readonly times?: number };
}

/** What the matrices of a head depend on beside its job. */
export interface Layout {
  readonly dVocab: number;
  readonly nCtx: number;
  readonly dModel: number;
  readonly dHead: number;
  /** Where each part of the residual stream begins: token, position, what heads write, output. */
  readonly start: Readonly<Record<string, number>>;
}

/** W_Q, W_K and W_V [dModel, dHead], W_O [dHead, dModel]. */
export type HeadMatrices = Readonly<Record<'W_Q' | 'W_K' | 'W_V' | 'W_O', Matrix>>;

/** The matrices of a head; zeros for null, a head that does nothing. */
export function writtenMatrices(head: WrittenHead | null, layout: Layout): HeadMatrices {
  const { dModel, dHead } = layout;
  const input = (): Matrix => Matrix.zeros(dModel, dHead);
  const matrices = { W_Q: input(), W_K: input(), W_V: input(), W_O: Matrix.zeros(dHead, dModel) };
  if (head === null) return matrices;
  const { look, copy } = head;
  for (let t = 0; t < layout.dVocab; t++) {
    matrices.W_V.set(part(layout, copy.from) + t, t, 1);
    matrices.W_O.set(t, part(layout, copy.to) + t, copy.times ?? 1);
  }
  if ('match' in look) lookForMatches(matrices, look, layout);
  else if ('at' in look) lookAt(matrices, look.at, layout);
  else lookBack(matrices, look, layout);
  return matrices;
}

/** Dimensions that a head's queries and keys take. */
export const queryDimensions = ({ look }: WrittenHead, { dVocab, nCtx }: Pick<Layout, 'dVocab' | 'nCtx'>): number => {
  if (!('match' in look)) return nCtx;
  return dVocab + 2 + (look.back ? nCtx : 0);
};

function lookAt({ W_Q, W_K }: HeadMatrices, at: number, layout: Layout): void {
  for (let p = 0; p < layout.nCtx; p++) W_Q.set(part(layout, 'position') + p, 0, SHARPNESS);
  W_K.set(part(layout, 'position') + at, 0, 1);
}

function lookBack(
  { W_Q, W_K }: HeadMatrices,
  { back, first = back, last = Number.POSITIVE_INFINITY }: { back: number; first?: number; last?: number },
  layout: Layout,
): void {
  const position = part(layout, 'position');
  for (let p = 0; p < layout.nCtx; p++) {
    if (p >= first && p <= last) W_Q.set(position + p, p - back, SHARPNESS);
    W_K.set(position + p, p, 1);
  }
}

function lookForMatches({ W_Q, W_K }: HeadMatrices, { match, except, back, where }: Match, layout: Layout): void {
  const { dVocab, nCtx } = layout;
  const position = part(layout, 'position');
  const [refused, rest, distances] = [dVocab, dVocab + 1, dVocab + 2];
  for (let t = 0; t < dVocab; t++) {
    const query = part(layout, 'token') + t;
    W_Q.set(query, t, SHARPNESS);
    W_Q.set(query, refused, SHARPNESS); // every query also looks at this key dimension, where the exceptions have −2
    W_K.set(part(layout, match) + t, t, 1);
    if (where && t !== where.token) W_Q.set(part(layout, where.part) + t, rest, 6 * SHARPNESS);
  }
  for (const p of except) W_K.set(position + p, refused, -2);
  if (where || back) W_K.set(position, rest, 1);
  if (!back) return;
  const [from, to] = back;
  // Being so far back weighs 1.5 and a match 1: only both together are more than what position 0 has, 4 − 2.
  for (let q = 0; q < nCtx; q++) {
    W_Q.set(position + q, rest, 4 * SHARPNESS);
    for (let k = Math.max(1, q - to); k <= q - from; k++) W_Q.set(position + q, distances + k, 1.5 * SHARPNESS);
  }
  for (let k = 0; k < nCtx; k++) W_K.set(position + k, distances + k, 1);
}

const part = ({ start }: Layout, name: string): number => start[name] as number;
