/**
 * Where the first copy starts × how far back it lies: what is solved there, and by what.
 * @module circuits/map
 */

export { mapRecord, measureMap } from './inductionMap.ts';
export type { Limit } from './limits.ts';
export type { InductionMap, MapCell, Solution } from './mapRecord.ts';
