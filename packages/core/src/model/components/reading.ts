// What a component reads of the residual stream: the stream through a normalisation, or the stream itself.
import type { Tensor } from '../../engine/tensor.ts';
import type { ParameterSet } from './component.ts';
import type { RowSum } from './rowSum.ts';

export interface Reading {
  /** [batch, pos, dModel] */
  readonly value: Tensor;
  /** Where the reader leaves the gradient of `value`, and what it adds that to: null where nothing is there yet. */
  readonly gradient: Tensor | null;
  readonly init: Tensor | null;
  /** Copies of the stream that each head has for itself, read in the same way. `own` asks for a buffer that may be changed. */
  forHeads(input: string, options: { own: boolean }): HeadReading;
  /** What `value` is a sum of, where the plan has tables; then nothing is left in `value`, and who reads looks up rows. */
  readonly rows: RowSum | null;
  /** Set by who reads nothing of `value`, so that no gradient comes back this way. */
  bypassed: boolean;
}

/** [batch, pos, head, dModel] */
export interface HeadReading {
  readonly input: Tensor;
  readonly dInput: Tensor | null;
  /** What the head's matrix reads, and its gradient; may be the input itself. */
  readonly value: Tensor;
  readonly dValue: Tensor | null;
  /** input → value; tells what of the two holds it. */
  forward(): Tensor;
  /** dValue → dInput */
  backward(gradients: ParameterSet): void;
}
