// A head written down: where it looks and what it copies, as matrices.
import { Matrix } from '../circuits/weights/factoredMatrix.ts';

/** How sharply heads attend: differences of attention scores. Softmax of it is 1 in float32. */
const SHARPNESS = 100;

/** Where a head looks. */
export type Look =
  /** At position q − `back`, from query `first` on, or from the first that has one. */
  | { readonly back: number; readonly first?: number }
  /** At keys that hold the query's token in that part of the residual stream. Positions in `except` hold none there. */
  | { readonly match: string; readonly except: readonly number[] };

/** What a head does: where it looks, and from which part of the residual stream to which it copies the token there. */
export interface WrittenHead {
  readonly look: Look;
  readonly copy: { readonly from: string; readonly to: string };
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
    matrices.W_O.set(t, part(layout, copy.to) + t, 1);
  }
  if ('back' in look) lookBack(matrices, look, layout);
  else lookForMatches(matrices, look, layout);
  return matrices;
}

function lookBack(
  { W_Q, W_K }: HeadMatrices,
  { back, first = back }: { back: number; first?: number },
  layout: Layout,
): void {
  const position = part(layout, 'position');
  for (let p = 0; p < layout.nCtx; p++) {
    if (p >= first) W_Q.set(position + p, p - back, SHARPNESS);
    W_K.set(position + p, p, 1);
  }
}

function lookForMatches(
  { W_Q, W_K }: HeadMatrices,
  { match, except }: { match: string; except: readonly number[] },
  layout: Layout,
): void {
  const { dVocab } = layout;
  for (let t = 0; t < dVocab; t++) {
    const query = part(layout, 'token') + t;
    W_Q.set(query, t, SHARPNESS);
    W_Q.set(query, dVocab, SHARPNESS); // every query also looks at this key dimension, where the exceptions have −2
    W_K.set(part(layout, match) + t, t, 1);
  }
  for (const p of except) W_K.set(part(layout, 'position') + p, dVocab, -2);
}

const part = ({ start }: Layout, name: string): number => start[name] as number;
