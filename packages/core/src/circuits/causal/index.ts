/**
 * Causal analyses: ablation, patching, paths, attribution, with intervals and controls.
 * @module circuits/causal
 */

export {
  ABLATION_KINDS,
  type AblationEffect,
  type AblationKind,
  type AblationRecord,
  ablate,
  ablationEffects,
} from './ablation.ts';
export {
  activationPatching,
  type PatchEffect,
  type PatchingOptions,
  type PatchingRecord,
} from './activationPatching.ts';
export { type DirectLogits, directLogits, type LogitAsked, type SplitLogit } from './directLogits.ts';
export { ablateEdges, allEdges, type Edge, edgeLabel, edgesInto, type HeadEdge, patchEdges } from './edges.ts';
export { periodsToMeasure } from './effectPeriods.ts';
export type { Effect } from './effects.ts';
export { type DirectEffect, type LogitAttribution, logitAttribution } from './logitAttribution.ts';
export { type LogitLens, logitLens } from './logitLens.ts';
export type { OnSetOptions } from './onSet.ts';
export type { PatchSite } from './patchSites.ts';
export { attributionAgreement, type EdgeMatrix, edgeMatrix, type LabelledEdge, pathMatrix } from './pathMatrix.ts';
export {
  type PatchedEdge,
  type PatchedInput,
  type PathPatchingOptions,
  type PathPatchingRecord,
  pathPatching,
} from './pathPatching.ts';
export type { KeySource, PathEffect } from './paths.ts';
export { type JointPath, type PathCell, type PathTableOptions, type PathTableRecord, pathTable } from './pathTable.ts';
export { periodToCorrupt } from './periodToCorrupt.ts';
