/**
 * What is claimed of a model and how it is tested: the audit, the circuit and its evaluation, the phase change.
 * @module circuits/claims
 */

export { type AuditOptions, audit } from './audit.ts';
export type { AuditEvidence, AuditRecord, MechanismsRecord } from './auditRecord.ts';
export { ablateHeads, type Circuit, keepCircuit, keepHeads } from './circuit.ts';
export { type DynamicsPoint, type HeadPoint, measureCheckpoint } from './dynamics.ts';
export { type EvaluationOptions, evaluateCircuit } from './evaluateCircuit.ts';
export type {
  CircuitEdge,
  CircuitEvaluation,
  CircuitHead,
  CircuitKind,
  Faithfulness,
  InputEffect,
  ProofRecord,
  Sequences,
} from './evaluationRecord.ts';
export { circuitFaithfulness } from './faithfulness.ts';
export { headMarks } from './headMarks.ts';
export type { HeldOut, HeldOutRecord } from './heldOut.ts';
export { type MapPicture, mapPicture, type PicturedPlace } from './mapPicture.ts';
export { type DynamicsEvent, type PhaseChange, phaseChange } from './phaseChange.ts';
export { prove } from './prove.ts';
export { randomCircuits } from './randomCircuits.ts';
export { VERDICTS, type Verdict } from './verdict.ts';
