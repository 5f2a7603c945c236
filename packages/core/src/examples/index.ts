/**
 * Models whose weights are written down, and whose circuit is therefore known.
 * @module examples
 */

export { handBuiltHub } from './handBuiltHub.ts';
export { handBuiltInduction } from './handBuiltInduction.ts';
export { handBuiltPositionalCopier } from './handBuiltPositionalCopier.ts';
export type { HandBuiltSizes } from './writtenModel.ts';
