// Positions by a table of rows, one for each position.
import { exactCosSin } from '../../../random/exactMath.ts';
import type { PositionScheme } from './schemes.ts';
import { turns } from './turns.ts';

/** A learned table added to the embedding. */
export const standard: PositionScheme = { table: { learned: true, inStream: true, start: () => 'random' } };

/** One learned table added to the inputs of Q and K only, after the LayerNorm, in every layer, never to the residual stream. */
export const shortformer: PositionScheme = { table: { learned: true, inStream: false, start: () => 'random' } };

/** `standard` with a fixed table of sines and cosines. */
export const sinusoidal: PositionScheme = {
  table: {
    learned: false,
    inStream: true,
    start:
      ({ nCtx, dModel }) =>
      () =>
        sinusoidalTable(nCtx, dModel),
  },
};

/** No positions: a table of zeros. The causal mask remains. */
export const none: PositionScheme = { table: { learned: false, inStream: true, start: () => 0 } };

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
