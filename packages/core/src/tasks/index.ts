/**
 * What sequences look like, and the batches that training draws of them.
 * @module tasks
 */

export { type BlockPlace, type QueryRanges, queryRanges } from './blocks.ts';
export { type Batch, makeBatch, type PlaceOf } from './makeBatch.ts';
export { mainSegment, type Segment, type SegmentLosses } from './segments.ts';
export { periodsOf, segmentsOf, type Task } from './tasks.ts';
