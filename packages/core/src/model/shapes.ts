// The layouts of the kinds of activation, for one number and length of sequences. Rows are padded to whole vectors.
import type { Extent } from '../engine/modelOps.ts';
import { type Arena, type Layout, padded, type Tensor } from '../engine/tensor.ts';
import { type Axis, HEAD_STREAM, HEADS, headAxis, isSquare, MLP, SQUARE, STREAM } from './components/hookPoint.ts';
import type { ModelConfig } from './config.ts';
import { keyValueHeads } from './heads.ts';

/** How an activation with those axes lies in memory: a row for each position, for each head of it, or for each query. */
export function layoutOf(axes: readonly Axis[], config: ModelConfig, { sequences: s, length: t }: Extent): Layout {
  const { nHeads, dModel, dHead, dMlp = 0 } = config;
  const last = axes.at(-1);
  if (isSquare({ axes })) {
    const row = padded(t);
    const strides = [nHeads * t * row, t * row, row, 1];
    return { rows: s * nHeads * t, width: row, shape: [s, nHeads, t, t], strides };
  }
  const size = last === 'one' ? 1 : last === 'dHead' ? dHead : last === 'dMlp' ? dMlp : dModel;
  const part = last === 'one' ? 2 : padded(size); // a scale is the first of two moments
  const heads = { head: nHeads, keyValueHead: keyValueHeads(config), none: 0 }[headAxis({ axes }) ?? 'none'];
  if (heads === 0) return { rows: s * t, width: part, shape: [s, t, size], strides: [t * part, part, 1] };
  const row = heads * part;
  const layout = { shape: [s, t, heads, size], strides: [t * row, row, part, 1] };
  return last === 'dHead' ? { rows: s * t, width: row, ...layout } : { rows: s * t * heads, width: part, ...layout };
}

export class Shapes {
  private readonly config: ModelConfig;
  private readonly arena: Arena;
  private readonly extent: Extent;

  constructor(config: ModelConfig, arena: Arena, extent: Extent) {
    this.config = config;
    this.arena = arena;
    this.extent = extent;
  }

  of(axes: readonly Axis[], name: string): Tensor {
    return this.arena.tensor(name, layoutOf(axes, this.config, this.extent));
  }

  /** [batch, pos, dModel] */
  stream(name: string): Tensor {
    return this.of(STREAM, name);
  }

  /** [batch, pos, head, dHead] */
  heads(name: string): Tensor {
    return this.of(HEADS, name);
  }

  /** [batch, pos, dMlp] */
  mlp(name: string): Tensor {
    return this.of(MLP, name);
  }

  /** [batch, pos, head, dModel], a row for each head; `rowsJoined(nHeads)` has one for each position. */
  headStream(name: string): Tensor {
    return this.of(HEAD_STREAM, name);
  }

  /** [batch, head, queryPos, keyPos] */
  square(name: string): Tensor {
    return this.of(SQUARE, name);
  }

  /** [batch, pos, dVocab] */
  vocabulary(name: string): Tensor {
    const { sequences: s, length: t } = this.extent;
    const { dVocab } = this.config;
    const width = padded(dVocab);
    return this.arena.tensor(name, { rows: s * t, width, shape: [s, t, dVocab], strides: [t * width, width, 1] });
  }

  headMoments(name: string): Tensor {
    const { sequences, length } = this.extent;
    const rows = sequences * length * this.config.nHeads;
    return this.arena.tensor(name, { rows, width: 2, shape: [rows, 2], strides: [2, 1] });
  }

  /** [batch, pos] */
  perPosition(name: string): Tensor {
    const { sequences: s, length: t } = this.extent;
    return this.arena.tensor(name, { rows: 1, width: padded(s * t), shape: [s, t], strides: [t, 1] });
  }

  /** [size], zeros */
  row(name: string, size: number): Tensor {
    return this.arena.tensor(name, { rows: 1, width: padded(size), shape: [size], strides: [1] });
  }

  /** [pos, rotaryDim] */
  angles(name: string): Tensor {
    const { rotaryDim: width } = this.config;
    const { length } = this.extent;
    return this.arena.tensor(name, { rows: length, width, shape: [length, width], strides: [width, 1] });
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
