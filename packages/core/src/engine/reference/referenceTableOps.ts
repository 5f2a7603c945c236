// Table operations in float64, each backward beside its forward.
import type { LookUp, LookUpGradient, TableOps } from '../tableOps.ts';
import type { Tensor } from '../tensor.ts';

export class ReferenceTableOps implements TableOps {
  lookUp({ tokens, positions, scaled, out }: LookUp): void {
    const { width } = out;
    for (let i = 0; i < out.rows; i++)
      for (let j = 0; j < width; j++) {
        const position = positions ? positions.table.data[positions.index.data[i]! * width + j]! : 0;
        const sum = tokens.table.data[tokens.index.data[i]! * width + j]! + position;
        out.data[i * width + j] = scaled ? sum / scaled.stats.data[2 * i]! + scaled.offset.data[j]! : sum;
      }
  }

  lookUpBackward({ dOut, out, scaled, dTokens, dPositions }: LookUpGradient): void {
    const { width } = out;
    for (let i = 0; i < out.rows; i++)
      for (let j = 0; j < width; j++) {
        const d = dOut.data[i * width + j]!;
        const scale = scaled ? scaled.stats.data[2 * i]! : 1;
        dTokens.table.data[dTokens.index.data[i]! * width + j]! += d / scale;
        if (dPositions) dPositions.table.data[dPositions.index.data[i]! * width + j]! += d / scale;
        if (scaled) scaled.dStats.data[2 * i]! -= (d * (out.data[i * width + j]! - scaled.offset.data[j]!)) / scale;
      }
  }

  moments(x: Tensor, stats: Tensor, eps: number): void {
    const size = x.shape.at(-1)!;
    for (let i = 0; i < x.rows; i++) {
      const mean = meanOf(x, i);
      let variance = 0;
      for (let j = 0; j < size; j++) variance += (x.data[i * x.width + j]! - mean) ** 2 / size;
      stats.data[2 * i] = Math.sqrt(variance + eps);
      stats.data[2 * i + 1] = mean;
    }
  }

  momentsBackward(x: Tensor, stats: Tensor, dStats: Tensor, dx: Tensor): void {
    const size = x.shape.at(-1)!;
    for (let i = 0; i < x.rows; i++)
      for (let j = 0; j < size; j++)
        dx.data[i * x.width + j]! +=
          (dStats.data[2 * i]! * (x.data[i * x.width + j]! - stats.data[2 * i + 1]!)) / (size * stats.data[2 * i]!);
  }

  centre(x: Tensor, gain: Tensor, out: Tensor): void {
    const size = gain.shape[0]!;
    for (let i = 0; i < x.rows; i++) {
      const mean = meanOf(x, i);
      for (let j = 0; j < size; j++) out.data[i * x.width + j] = (x.data[i * x.width + j]! - mean) * gain.data[j]!;
    }
  }

  centreBackward({ x, gain, dOut, dx, dGain }: Parameters<TableOps['centreBackward']>[0]): void {
    const size = gain.shape[0]!;
    for (let i = 0; i < x.rows; i++) {
      const at = i * x.width;
      const mean = meanOf(x, i);
      let meanD = 0;
      for (let j = 0; j < size; j++) meanD += (dOut.data[at + j]! * gain.data[j]!) / size;
      for (let j = 0; j < size; j++) {
        dGain.data[j]! += dOut.data[at + j]! * (x.data[at + j]! - mean);
        if (dx) dx.data[at + j]! += dOut.data[at + j]! * gain.data[j]! - meanD;
      }
    }
  }
}

/** Mean of the elements of row i. */
function meanOf(x: Tensor, i: number): number {
  const size = x.shape.at(-1)!;
  let mean = 0;
  for (let j = 0; j < size; j++) mean += x.data[i * x.width + j]! / size;
  return mean;
}
