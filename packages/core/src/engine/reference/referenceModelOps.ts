// The same operations in float64, written for obviousness and kept for ever: every kernel is checked against them, and
// a disagreement between backends is rerun here before anyone says rounding. Each backward stands beside its forward.
import { type Activation, DEFINITIONS } from '../activations.ts';
import {
  type ActivationGradient,
  type Extent,
  type Gate,
  groupSize,
  type LayerNorm,
  type LayerNormGradient,
  type ModelOps,
  type ModelSizes,
  type RotaryTables,
} from '../modelOps.ts';
import { countsToLoss, tokenOf } from '../targets.ts';
import { type Floats, type Integers, padded, type Tensor } from '../tensor.ts';
import { ReferenceTableOps } from './referenceTableOps.ts';

type Visit = (cell: { query: number; pattern: number; q: number; kv(key: number): number }) => void;

export class ReferenceModelOps extends ReferenceTableOps implements ModelOps {
  private readonly sizes: ModelSizes;
  private readonly extent: Extent;

  constructor(sizes: ModelSizes, extent: Extent) {
    super();
    this.sizes = sizes;
    this.extent = extent;
  }

  add(a: Tensor, b: Tensor, out: Tensor): void {
    for (let i = 0; i < out.rows * out.width; i++) out.data[i] = a.data[i]! + b.data[i]!;
  }

  scale(a: Tensor, factor: number): void {
    for (let i = 0; i < a.rows * a.width; i++) a.data[i]! *= factor;
  }

  gatherRows(table: Tensor, index: Integers, out: Tensor): void {
    for (let i = 0; i < out.rows; i++)
      for (let j = 0; j < out.width; j++) out.data[i * out.width + j] = table.data[index.data[i]! * table.width + j]!;
  }

  scatterAddRows(grad: Tensor, index: Integers, table: Tensor): void {
    for (let i = 0; i < grad.rows; i++)
      for (let j = 0; j < grad.width; j++)
        table.data[index.data[i]! * table.width + j]! += grad.data[i * grad.width + j]!;
  }

  linear(x: Tensor, w: Tensor, init: Tensor | null, y: Tensor): void {
    const eachRow = init && init.rows === y.rows ? init.stride : 0;
    product({ a: x.data, aRow: x.stride, aColumn: 1, b: w, rows: x.rows, inner: w.rows, out: y }, (i, j) =>
      init ? init.data[i * eachRow + j]! : 0,
    );
  }

  linearTransposed(x: Tensor, { data, rows, stride }: Tensor, init: Tensor | null, y: Tensor): void {
    y.data.fill(0); // also where the table has fewer rows than a padded row of y
    for (let i = 0; i < y.rows; i++)
      for (let j = 0; j < rows; j++) {
        let sum = init ? init.data[j]! : 0;
        for (let c = 0; c < x.width; c++) sum += x.data[i * x.stride + c]! * data[j * stride + c]!;
        y.data[i * y.stride + j] = sum;
      }
  }

  linearBackwardInput(dy: Tensor, wTransposed: Tensor, init: Tensor | null, dx: Tensor): void {
    this.linear(dy, wTransposed, init, dx);
  }

  linearBackwardWeight(x: Tensor, dy: Tensor, dw: Tensor): void {
    product(
      { a: x.data, aRow: 1, aColumn: x.stride, b: dy, rows: dw.rows, inner: x.rows, out: dw },
      (i, j) => dw.data[i * dw.stride + j]!,
    );
  }

  addColumnSums(grad: Tensor, out: Tensor): void {
    for (let i = 0; i < grad.rows; i++)
      for (let j = 0; j < grad.width; j++) out.data[j]! += grad.data[i * grad.stride + j]!;
  }

  transpose(w: Tensor, out: Tensor): void {
    for (let i = 0; i < w.rows; i++)
      for (let j = 0; j < w.width; j++) out.data[j * out.stride + i] = w.data[i * w.stride + j]!;
  }

  layerNorm({ x, gain, bias, stats, normalized, eps, centred = true }: Parameters<ModelOps['layerNorm']>[0]): void {
    if (centred) this.moments(x, stats, eps);
    else meanSquares(x, { size: gain.shape[0]!, stats, eps });
    this.layerNormApply({ x, gain, bias, stats, normalized });
  }

  layerNormApply({ x, gain, bias, stats, normalized }: LayerNorm): void {
    const size = gain.shape[0]!;
    for (let i = 0; i < x.rows; i++)
      for (let j = 0; j < size; j++) {
        const hat = (x.data[i * x.width + j]! - stats.data[2 * i + 1]!) / stats.data[2 * i]!;
        normalized.data[i * x.width + j] = hat * gain.data[j]! + bias.data[j]!;
      }
  }

  layerNormBackward(gradient: LayerNormGradient & { centred?: boolean }): void {
    const { x, gain, stats, dNormalized, init, dx, dGain, dBias, dStats, centred = true } = gradient;
    const size = gain.shape[0]!;
    for (let i = 0; i < x.rows; i++) {
      const scale = stats.data[2 * i]!;
      const hat = (j: number): number => (x.data[i * x.width + j]! - stats.data[2 * i + 1]!) / scale;
      const dHat = (j: number): number => dNormalized.data[i * x.width + j]! * gain.data[j]!;
      let mean = 0;
      let along = 0;
      for (let j = 0; j < size; j++) {
        if (centred) mean += dHat(j) / size;
        along += (dHat(j) * hat(j)) / size;
        dGain.data[j]! += dNormalized.data[i * x.width + j]! * hat(j);
        dBias.data[j]! += dNormalized.data[i * x.width + j]!;
      }
      dStats.data[2 * i] = (-along * size) / scale;
      dStats.data[2 * i + 1] = 0;
      for (let j = 0; j < size; j++)
        dx.data[i * x.width + j] =
          (init ? init.data[i * init.stride + j]! : 0) + (dHat(j) - mean - along * hat(j)) / scale;
    }
  }

  activate(kind: Activation, pre: Tensor, gate: Gate | null, post: Tensor): void {
    const { value } = DEFINITIONS[kind];
    for (let i = 0; i < pre.rows * pre.width; i++) {
      const active = value(pre.data[i]!);
      post.data[i] = gate ? active * gate.linear.data[i]! + gate.bias.data[i % pre.width]! : active;
    }
  }

  activateBackward(kind: Activation, { pre, dPost, dPre, gate }: ActivationGradient): void {
    const { value, slope } = DEFINITIONS[kind];
    for (let i = 0; i < pre.rows * pre.width; i++) {
      const [x, d] = [pre.data[i]!, dPost.data[i]!];
      if (gate) gate.dLinear.data[i] = d * value(x);
      dPre.data[i] = d * slope(x) * (gate ? gate.linear.data[i]! : 1);
    }
  }

  rotary(input: Tensor, output: Tensor, positions: Integers, tables: RotaryTables, direction: 1 | -1): void {
    const headSize = padded(this.sizes.dHead);
    const { half, table, adjacent = false } = tables;
    if (input.address !== output.address) output.data.set(input.data);
    for (let r = 0; r < input.rows; r++)
      for (let start = r * input.width; start < (r + 1) * input.width; start += headSize)
        for (let i = 0; i < half; i++) {
          const [at, other] = adjacent ? [start + 2 * i, start + 2 * i + 1] : [start + i, start + half + i];
          const cos = table.data[positions.data[r]! * table.width + i]!;
          const sin = direction * table.data[positions.data[r]! * table.width + half + i]!;
          const [a, b] = [input.data[at]!, input.data[other]!];
          output.data[at] = a * cos - b * sin;
          output.data[other] = b * cos + a * sin;
        }
  }

  /** Visits every query of every head: the index of its pattern row, of its q row (and z row), and of each key's row of k (and v). */
  private eachQuery(visit: Visit, group = 1): void {
    const { sequences, length } = this.extent;
    const { nHeads, dHead } = this.sizes;
    for (let s = 0; s < sequences; s++)
      for (let head = 0; head < nHeads; head++)
        for (let query = 0; query < length; query++)
          visit({
            query,
            pattern: ((s * nHeads + head) * length + query) * padded(length),
            q: ((s * length + query) * nHeads + head) * padded(dHead),
            kv: (key) => ((s * length + key) * (nHeads / group) + Math.floor(head / group)) * padded(dHead),
          });
  }

  attentionScores(q: Tensor, k: Tensor, scores: Tensor): void {
    const { dHead, attnScale } = this.sizes;
    const { length } = this.extent;
    this.eachQuery(
      ({ query, pattern, q: at, kv }) => {
        for (let key = 0; key < length; key++) {
          const kAt = kv(key);
          let dot = 0;
          for (let c = 0; c < dHead; c++) dot += q.data[at + c]! * (key <= query ? k.data[kAt + c]! : 0);
          scores.data[pattern + key] = key <= query ? dot / attnScale : Number.NEGATIVE_INFINITY;
        }
      },
      groupSize(q, k),
    );
  }

  attentionScoresBackward(dScores: Tensor, q: Tensor, k: Tensor, dq: Tensor, dk: Tensor): void {
    const { dHead } = this.sizes;
    dq.data.fill(0);
    dk.data.fill(0);
    this.eachQuery(
      ({ query, pattern, q: at, kv }) => {
        for (let key = 0; key <= query; key++) {
          const kAt = kv(key);
          for (let c = 0; c < dHead; c++) {
            dq.data[at + c]! += dScores.data[pattern + key]! * k.data[kAt + c]!;
            dk.data[kAt + c]! += dScores.data[pattern + key]! * q.data[at + c]!;
          }
        }
      },
      groupSize(q, k),
    );
  }

  causalSoftmax(scores: Tensor): void {
    this.eachQuery(({ query, pattern }) => {
      const row = scores.data.subarray(pattern, pattern + padded(this.extent.length));
      const top = Math.max(...row.subarray(0, query + 1));
      let sum = 0;
      for (let key = 0; key <= query; key++) sum += Math.exp(row[key]! - top);
      for (let key = 0; key < row.length; key++) row[key] = key <= query ? Math.exp(row[key]! - top) / sum : 0;
    });
  }

  causalSoftmaxBackward(pattern: Tensor, dPattern: Tensor, factor: number): void {
    this.eachQuery(({ query, pattern: at }) => {
      let mean = 0;
      for (let key = 0; key <= query; key++) mean += pattern.data[at + key]! * dPattern.data[at + key]!;
      for (let key = 0; key < this.extent.length; key++)
        dPattern.data[at + key] = factor * pattern.data[at + key]! * (dPattern.data[at + key]! - mean);
    });
  }

  attentionMix(pattern: Tensor, v: Tensor, z: Tensor): void {
    z.data.fill(0);
    this.eachQuery(
      ({ query, pattern: at, q: zAt, kv }) => {
        for (let key = 0; key <= query; key++)
          for (let c = 0; c < this.sizes.dHead; c++) z.data[zAt + c]! += pattern.data[at + key]! * v.data[kv(key) + c]!;
      },
      groupSize(z, v),
    );
  }

  attentionMixBackward(pattern: Tensor, v: Tensor, dz: Tensor, dPattern: Tensor, dv: Tensor): void {
    dv.data.fill(0);
    dPattern.data.fill(0);
    this.eachQuery(
      ({ query, pattern: at, q: zAt, kv }) => {
        for (let key = 0; key <= query; key++)
          for (let c = 0; c < this.sizes.dHead; c++) {
            const vAt = kv(key) + c;
            dPattern.data[at + key]! += dz.data[zAt + c]! * v.data[vAt]!;
            dv.data[vAt]! += pattern.data[at + key]! * dz.data[zAt + c]!;
          }
      },
      groupSize(dz, v),
    );
  }

  crossEntropy(logits: Tensor, targets: Integers, losses: Tensor, dLogits: Tensor | null, scale: number): void {
    const vocabulary = logits.shape[2]!;
    for (let i = 0; i < logits.rows; i++) {
      const row = logits.data.subarray(i * logits.width, i * logits.width + vocabulary);
      const counts = countsToLoss(targets.data[i]!);
      const target = tokenOf(targets.data[i]!);
      const top = row.reduce((top, x) => Math.max(top, x), Number.NEGATIVE_INFINITY); // more than a call takes arguments
      const sum = row.reduce((total, x) => total + Math.exp(x - top), 0);
      losses.data[i] = target < 0 ? 0 : Math.log(sum) + top - row[target]!;
      for (let j = 0; dLogits && j < vocabulary; j++) {
        const probability = Math.exp(row[j]! - top) / sum;
        dLogits.data[i * logits.width + j] = !counts ? 0 : scale * (probability - (j === target ? 1 : 0));
      }
    }
  }
}

/** RMSNorm's stats: the root of the mean square, and 0 in place of a mean. */
function meanSquares(x: Tensor, { size, stats, eps }: { size: number; stats: Tensor; eps: number }): void {
  for (let i = 0; i < x.rows; i++) {
    let square = 0;
    for (let j = 0; j < size; j++) square += x.data[i * x.width + j]! ** 2 / size;
    stats.data[2 * i] = Math.sqrt(square + eps);
    stats.data[2 * i + 1] = 0;
  }
}

interface Product {
  a: Floats;
  aRow: number;
  aColumn: number;
  b: Tensor;
  rows: number;
  inner: number;
  out: Tensor;
}

/** out = init + a·b, with free row and column strides for a. */
function product({ a, aRow, aColumn, b, rows, inner, out }: Product, init: (i: number, j: number) => number): void {
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < b.width; j++) {
      let sum = init(i, j);
      for (let k = 0; k < inner; k++) sum += a[i * aRow + k * aColumn]! * b.data[k * b.stride + j]!;
      out.data[i * out.stride + j] = sum;
    }
}
