import { exactExp, exactLog } from '../../../random/exactMath.ts';

/** Angle of pair i at a position, in turns: pos · base^(−2i / size) / 2π. In exact arithmetic: the same bits everywhere. */
export const turns = (position: number, pair: number, size: number, base: number): number =>
  (position * exactExp((-2 * pair * exactLog(base)) / size)) / (2 * Math.PI);
