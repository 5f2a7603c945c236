// Table operations over the WebAssembly kernels: addresses and strides, nothing else.
import type { LookUp, LookUpGradient, TableOps } from '../tableOps.ts';
import type { Tensor } from '../tensor.ts';
import type { Kernels } from './kernels.ts';

/** The last axis of a tensor, padding not included. */
const sizeOfRow = ({ shape }: Tensor): number => shape.at(-1) as number;

export abstract class WasmTableOps implements TableOps {
  protected readonly kernels: Kernels;
  /** Address of a row of zeros, as wide as any row. */
  protected abstract readonly zeros: number;

  constructor(kernels: Kernels) {
    this.kernels = kernels;
  }

  lookUp({ tokens, positions, scaled, out }: LookUp): void {
    const table = positions?.table;
    // biome-ignore format: inputs, then outputs
    this.kernels.lookUp(out.rows, out.width, tokens.table.address, tokens.index.address,
      table ? table.address : this.zeros, table ? table.width : 0, (positions ?? tokens).index.address,
      scaled ? scaled.stats.address : 0, scaled ? scaled.offset.address : 0, out.address);
  }

  lookUpBackward({ dOut, out, scaled, dTokens, dPositions }: LookUpGradient): void {
    // biome-ignore format: inputs, then outputs
    this.kernels.lookUpBackward(out.rows, out.width, dOut.address, out.address, scaled ? scaled.offset.address : 0,
      dTokens.index.address, (dPositions ?? dTokens).index.address, scaled ? scaled.stats.address : 0,
      dTokens.table.address, dPositions ? dPositions.table.address : 0, scaled ? scaled.dStats.address : 0);
  }

  moments(x: Tensor, stats: Tensor, eps: number): void {
    this.kernels.moments(x.rows, sizeOfRow(x), x.address, stats.address, eps);
  }

  momentsBackward(x: Tensor, stats: Tensor, dStats: Tensor, dx: Tensor): void {
    this.kernels.momentsBackward(x.rows, sizeOfRow(x), x.address, stats.address, dStats.address, dx.address);
  }

  centre(x: Tensor, gain: Tensor, out: Tensor): void {
    this.kernels.centre(x.rows, sizeOfRow(gain), x.address, gain.address, out.address);
  }

  centreBackward({ x, gain, dOut, dx, dGain }: Parameters<TableOps['centreBackward']>[0]): void {
    // biome-ignore format: inputs, then outputs
    this.kernels.centreBackward(x.rows, sizeOfRow(gain), x.address, gain.address, dOut.address,
      dx ? dx.address : 0, dGain.address);
  }
}
