// Fixed tables of positions, in exact arithmetic so that every machine has the same bits.

import type { RotaryTables } from '../engine/ops.ts';
import type { Arena } from '../engine/tensor.ts';
import { exactCosSin, exactExp, exactLog } from '../random/exactMath.ts';
import type { ModelConfig } from './config.ts';

/** Angle of pair i at a position, in turns: pos · base^(−2i / size) / 2π. */
const turns = (position: number, pair: number, size: number, base: number): number =>
  (position * exactExp((-2 * pair * exactLog(base)) / size)) / (2 * Math.PI);

/** Cosines and sines for rotary positions, pairs (i, i + rotaryDim / 2): [nCtx, rotaryDim]. */
export function rotaryTable(config: ModelConfig, arena: Arena): RotaryTables {
  const { nCtx, rotaryDim, rotaryBase } = config;
  const half = rotaryDim / 2;
  const table = arena.tensor('rotary angles', {
    rows: nCtx,
    width: rotaryDim,
    shape: [nCtx, rotaryDim],
    strides: [rotaryDim, 1],
  });
  for (let position = 0; position < nCtx && !arena.isMeasuring; position++)
    for (let i = 0; i < half; i++) {
      const { cos, sin } = exactCosSin(turns(position, i, rotaryDim, rotaryBase));
      table.data[position * rotaryDim + i] = cos;
      table.data[position * rotaryDim + half + i] = sin;
    }
  return { half, table };
}

/** Sines and cosines of Vaswani et al. (2017), section 3.5: [nCtx, dModel], sines in even dimensions, cosines in odd. */
export function sinusoidalTable(nCtx: number, dModel: number): Float64Array {
  const table = new Float64Array(nCtx * dModel);
  for (let position = 0; position < nCtx; position++)
    for (let j = 0; j < dModel; j++) {
      const { cos, sin } = exactCosSin(turns(position, Math.floor(j / 2), dModel, 10000));
      table[position * dModel + j] = j % 2 === 0 ? sin : cos;
    }
  return table;
}
