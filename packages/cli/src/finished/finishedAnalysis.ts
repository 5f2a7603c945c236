// What is measured of a training run when it has ended: plain data, which two tasks gather side by side.
import type {
  AblationRecord,
  AuditRecord,
  Backend,
  CircuitEvaluation,
  CompositionRecord,
  HeadCircuitRecord,
  PathTableRecord,
} from '@induction-lab/core/node';
import type { exampleSet } from '../figures/modelFigures.ts';
import type { MeasuredFile } from '../files/provenance.ts';
import type { BornStripe, Dynamics } from './dynamics.ts';

/** Everything that is measured of a trained model. */
export interface ModelAnalysis {
  readonly audit: AuditRecord;
  readonly ablations: AblationRecord;
  /** What the weights say of every head. */
  readonly headCircuits: readonly HeadCircuitRecord[];
  readonly composition: CompositionRecord;
  readonly paths: PathTableRecord;
  readonly proof: CircuitEvaluation;
}

/** A run that has ended, to be analysed. */
export interface FinishTask {
  readonly name: string;
  readonly folder: string;
  /** The step of its last checkpoint. */
  readonly step: number;
  readonly exact: boolean;
  readonly effort: keyof typeof EFFORT;
}

/** What finishedCircuit.ts gives. */
export interface FinishedCircuit extends Pick<ModelAnalysis, 'audit' | 'headCircuits' | 'proof'> {
  readonly examples: ReturnType<typeof exampleSet>;
  readonly checkpoint: MeasuredFile;
  readonly backend: Backend;
}

/** What finishedEffects.ts gives. */
export interface FinishedEffects extends Pick<ModelAnalysis, 'ablations' | 'composition' | 'paths'> {
  readonly dynamics: Dynamics;
  readonly born: BornStripe;
}

/** How closely a run is looked at: sequences for effects, checkpoints for the dynamics. */
export const EFFORT = {
  full: { sequences: 96, checkpoints: 16 },
  quick: { sequences: 48, checkpoints: 8 },
} as const;
