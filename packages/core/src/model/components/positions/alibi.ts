// Attention with linear biases (Press et al. 2022): each head's scores fall with the distance from query to key, at a slope
// of its own. Nothing is learned. Slopes and sign as in TransformerLens.
import type { Tensor } from '../../../engine/tensor.ts';
import { exactExp, exactLog } from '../../../random/exactMath.ts';
import type { Plan } from '../plan.ts';
import type { PositionScheme } from './schemes.ts';

export const alibi: PositionScheme = { table: null, bias: planBias };

/** 2^(−8 (h + 1) / n) for head h of n, a power of two; of other numbers the power below, then every second slope of the power above. */
export function alibiSlopes(nHeads: number): number[] {
  const power = 2 ** Math.floor(Math.log2(nHeads));
  const slopes = (n: number): number[] =>
    Array.from({ length: n }, (_, head) => exactExp((-8 * (head + 1) * exactLog(2)) / n));
  const more = slopes(2 * power).filter((_, i) => i % 2 === 0);
  return [...slopes(power), ...more.slice(0, nHeads - power)];
}

function planBias({ config, extent }: Plan): (scores: Tensor) => void {
  const slopes = alibiSlopes(config.nHeads);
  const { sequences, length } = extent;
  return ({ data, width }) => {
    for (let matrix = 0; matrix < sequences * config.nHeads; matrix++) {
      const slope = slopes[matrix % config.nHeads] as number;
      for (let query = 0; query < length; query++) {
        const row = (matrix * length + query) * width;
        for (let key = 0; key <= query; key++) data[row + key]! -= slope * (query - key);
      }
    }
  };
}
