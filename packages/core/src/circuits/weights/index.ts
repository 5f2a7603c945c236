/**
 * What the weights say: QK and OV circuits, composition.
 * @module circuits/weights
 */

export {
  type CompositionRecord,
  type CompositionScore,
  compositionScore,
  compositionScores,
  randomComposition,
} from './composition.ts';
export { type Complex, FactoredMatrix, Matrix } from './factoredMatrix.ts';
export {
  copyingScore,
  diagonalShare,
  type HeadCircuitRecord,
  headCircuits,
  previousPositionShare,
} from './headCircuits.ts';
export { WeightCircuits } from './weightCircuits.ts';
