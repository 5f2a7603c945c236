/**
 * Estimates and their intervals.
 * @module circuits/statistics
 */

export { type Estimate, estimate, estimateRatio, holdsZero, mean } from './estimate.ts';
export { medianEstimate } from './medianEstimate.ts';
