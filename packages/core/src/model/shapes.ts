// The layouts of the kinds of activation, for one number and length of sequences. Rows are padded to whole vectors.
import type { Extent } from '../engine/modelOps.ts';
import { type Arena, type Layout, padded, type Tensor } from '../engine/tensor.ts';
import type { ModelConfig } from './config.ts';

export class Shapes {
  private readonly config: ModelConfig;
  private readonly arena: Arena;
  private readonly s: number;
  private readonly t: number;

  constructor(config: ModelConfig, arena: Arena, extent: Extent) {
    this.config = config;
    this.arena = arena;
    this.s = extent.sequences;
    this.t = extent.length;
  }

  /** [batch, pos, dModel] */
  stream(name: string): Tensor {
    return this.rowsOf(name, this.config.dModel);
  }

  /** [batch, pos, dVocab] */
  vocabulary(name: string): Tensor {
    return this.rowsOf(name, this.config.dVocab);
  }

  private rowsOf(name: string, size: number): Tensor {
    const { s, t } = this;
    const width = padded(size);
    return this.arena.tensor(name, { rows: s * t, width, shape: [s, t, size], strides: [t * width, width, 1] });
  }

  /** [batch, pos, head, dHead] */
  heads(name: string): Tensor {
    const { s, t } = this;
    const { nHeads, dHead } = this.config;
    const c = padded(dHead);
    const width = nHeads * c;
    const layout: Layout = { rows: s * t, width, shape: [s, t, nHeads, dHead], strides: [t * width, width, c, 1] };
    return this.arena.tensor(name, layout);
  }

  /** [batch, pos, head, dModel], a row for each head; `rowsJoined(nHeads)` has one for each position. */
  headStream(name: string): Tensor {
    const { s, t } = this;
    const { nHeads, dModel } = this.config;
    const d = padded(dModel);
    const width = nHeads * d;
    const shape = [s, t, nHeads, dModel];
    const strides = [t * width, width, d, 1];
    return this.arena.tensor(name, { rows: s * t * nHeads, width: d, shape, strides });
  }

  /** [batch, head, queryPos, keyPos] */
  square(name: string): Tensor {
    const { s, t } = this;
    const { nHeads } = this.config;
    const row = padded(t);
    const strides = [nHeads * t * row, t * row, row, 1];
    return this.arena.tensor(name, { rows: s * nHeads * t, width: row, shape: [s, nHeads, t, t], strides });
  }

  /** (scale, mean) of every row of the stream */
  moments(name: string): Tensor {
    const { s, t } = this;
    return this.arena.tensor(name, { rows: s * t, width: 2, shape: [s, t, 2], strides: [t * 2, 2, 1] });
  }

  headMoments(name: string): Tensor {
    const rows = this.s * this.t * this.config.nHeads;
    return this.arena.tensor(name, { rows, width: 2, shape: [rows, 2], strides: [2, 1] });
  }

  /** [batch, pos, 1], the scales among the moments */
  scaleOf(moments: Tensor, name: string): Tensor {
    return moments.viewed(name, { shape: [this.s, this.t, 1], strides: [this.t * 2, 2, 1] });
  }

  /** [batch, pos] */
  perPosition(name: string): Tensor {
    const { s, t } = this;
    return this.arena.tensor(name, { rows: 1, width: padded(s * t), shape: [s, t], strides: [t, 1] });
  }

  /** [dModel], padding included */
  row(name: string): Tensor {
    const d = padded(this.config.dModel);
    return this.arena.tensor(name, { rows: 1, width: d, shape: [this.config.dModel], strides: [1] });
  }

  /** [nCtx, rotaryDim] */
  angles(name: string): Tensor {
    const { nCtx, rotaryDim: width } = this.config;
    return this.arena.tensor(name, { rows: nCtx, width, shape: [nCtx, width], strides: [width, 1] });
  }

  /** Room for the transpose of a matrix. */
  transposed(w: Tensor): Tensor {
    const width = padded(w.rows);
    return this.arena.tensor(`transposed ${w.name}`, {
      rows: w.width,
      width,
      shape: [w.width, w.rows],
      strides: [width, 1],
    });
  }
}
