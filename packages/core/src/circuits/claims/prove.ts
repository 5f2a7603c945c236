// The old name of the evaluation of a circuit.
import type { Model } from '../../model/model.ts';
import { type EvaluationOptions, evaluateAs } from './evaluateCircuit.ts';
import type { CircuitEvaluation } from './evaluationRecord.ts';

/** `evaluateCircuit` by its old name: the same record, and the same errors. */
export const prove = (model: Model, options: EvaluationOptions = {}): CircuitEvaluation =>
  evaluateAs('prove', model, options);
