// What the weights say of every head: does it copy, does it look one position back? Weight-space numbers are no proof of use.

import * as z from 'zod/mini';
import { aFunction } from '../../errors/arguments.ts';
import { allHeads, headLabel } from '../../model/heads.ts';
import { checkInstance, checkOptions } from '../checks.ts';
import { LONGEST_ANALYSED } from '../lengths.ts';
import { type OnProgress, Progress } from '../progress.ts';
import { FactoredMatrix, type Matrix } from './factoredMatrix.ts';
import { WeightCircuits } from './weightCircuits.ts';

/**
 * Share of rows whose largest entry is on the diagonal: top-1 accuracy of copying or matching, 0 to 1.
 * @returns 0 to 1.
 */
export function diagonalShare(matrix: Matrix): number {
  let hits = 0;
  for (let i = 0; i < matrix.rows; i++) if (matrix.maxRowIndex(i)[1] === i) hits++;
  return hits / matrix.rows;
}

/**
 * OV copying (Elhage et al. 2021): Σ Re λ / Σ |λ| over the eigenvalues of a full OV circuit, −1 to 1; 0 for no circuit.
 * @returns −1 to 1.
 */
export function copyingScore(fullOV: FactoredMatrix): number {
  const eigenvalues = fullOV.normalized().eigenvalues();
  const size = eigenvalues.reduce((sum, { re, im }) => sum + Math.hypot(re, im), 0);
  return size === 0 ? 0 : eigenvalues.reduce((sum, { re }) => sum + re, 0) / size;
}

/**
 * Share of query positions p ≥ 1 whose largest positional score over keys 0 … p is at p − 1.
 * @returns 0 to 1.
 */
export function previousPositionShare(positionalQK: Matrix): number {
  let hits = 0;
  for (let p = 1; p < positionalQK.rows; p++) {
    let best = 0;
    for (let k = 1; k <= p; k++) if (positionalQK.get(p, k) > positionalQK.get(p, best)) best = k;
    if (best === p - 1) hits++;
  }
  return hits / (positionalQK.rows - 1);
}

/** What the weight circuits say of a head. */
export interface HeadCircuitRecord {
  /** Its label, as in L0H3. */
  readonly label: string;
  /** The copying score of its full OV circuit, −1 to 1. */
  readonly copying: number;
  /** Share of tokens whose own logit is raised most when the head attends to them. */
  readonly copiesTop1: number;
  /** Share of positions at which the positional circuit alone prefers the one before; null without position vectors. */
  readonly previousPosition: number | null;
}

/** Rows of a product that are in memory at once: few million entries. */
const ENTRIES = 4_000_000;

/** The same of a product that may be too large to be in memory: some of its rows are taken at a time. */
function diagonalShareOf(product: FactoredMatrix, progress: Progress): number {
  const most = Math.max(1, Math.floor(ENTRIES / product.columns));
  let hits = 0;
  for (let from = 0; from < product.rows; from += most) {
    const rows = product.denseRows(from, Math.min(product.rows, from + most));
    for (let i = 0; i < rows.rows; i++) if (rows.maxRowIndex(i)[1] === from + i) hits++;
    progress.add(rows.rows);
  }
  return hits / product.rows;
}

const optionsSchema = z.strictObject({ onProgress: z.optional(aFunction) });

/**
 * What the weights say of every head. Of a context longer than 2048 the first 2048 positions count. Throws a
 * NotFiniteError when a weight is not finite.
 */
export function headCircuits(circuits: WeightCircuits, options: { onProgress?: OnProgress } = {}): HeadCircuitRecord[] {
  checkInstance('headCircuits', { what: 'the circuits', value: circuits }, WeightCircuits);
  checkOptions('headCircuits', optionsSchema, options);
  const { config } = circuits;
  const heads = allHeads(config);
  const progress = new Progress(options.onProgress, heads.length * config.dVocab);
  const positions = Math.min(config.nCtx, LONGEST_ANALYSED);
  const records = heads.map((name) => {
    const fullOV = circuits.fullOV(name);
    const positional = circuits.positionalQK(name);
    return {
      label: headLabel(name.layer, name.head),
      copying: copyingScore(fullOV),
      copiesTop1: diagonalShareOf(fullOV, progress),
      previousPosition: positional && positions > 1 ? previousPositionShare(corner(positional, positions)) : null,
    };
  });
  progress.finish();
  return records;
}

/** The first `size` rows and columns of a product. */
const corner = ({ A, B }: FactoredMatrix, size: number): Matrix =>
  size === A.rows && size === B.columns
    ? new FactoredMatrix(A, B).dense()
    : new FactoredMatrix(A.subMatrix(0, size - 1, 0, A.columns - 1), B.subMatrix(0, B.rows - 1, 0, size - 1)).dense();
