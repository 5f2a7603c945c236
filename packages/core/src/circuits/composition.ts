// Composition scores: how much of a later head's reading lies in what an earlier head writes (Elhage et al. 2021).
import { RandomStream } from '../engine/random.ts';
import { headLabel } from '../model/config.ts';
import { allHeads, INPUTS, type Input } from '../model/interventions.ts';
import { FactoredMatrix, Matrix } from './factoredMatrix.ts';
import type { WeightCircuits } from './weightCircuits.ts';

export interface CompositionScore {
  readonly earlier: string;
  readonly later: string;
  readonly kind: Input;
  /** ‖W_OV¹ M‖_F / (‖W_OV¹‖_F ‖M‖_F), 0 to 1, with M = W_QK² (Q), W_QK²ᵀ (K), W_OV² (V). 0 for a head of zeros. */
  readonly raw: number;
  /** `raw` minus the mean for random matrices of the same shapes. */
  readonly corrected: number;
}

export interface CompositionRecord {
  readonly scores: readonly CompositionScore[];
  /** Mean and standard deviation of the score of random Gaussian factors of the same shapes, and how many were drawn. */
  readonly baseline: { readonly mean: number; readonly deviation: number; readonly draws: number };
}

/** The composition score of two factored matrices. */
export function compositionScore(first: FactoredMatrix, second: FactoredMatrix): number {
  const size = first.norm() * second.norm();
  return size === 0 ? 0 : first.multiply(second).norm() / size;
}

/** Scores of every earlier head with every head of a later layer, of all three kinds. */
export function compositionScores(
  circuits: WeightCircuits,
  options: { draws?: number; seed?: number; baseline?: CompositionRecord['baseline'] } = {},
): CompositionRecord {
  const baseline = options.baseline ?? randomComposition(circuits.config, options);
  const heads = allHeads(circuits.config).map((name) => {
    const QK = circuits.QK(name);
    const OV = circuits.OV(name);
    return { ...name, label: headLabel(name.layer, name.head), OV, reads: { q: QK, k: QK.transpose(), v: OV } };
  });
  const scores = heads.flatMap((earlier) =>
    heads
      .filter((later) => later.layer > earlier.layer)
      .flatMap((later) =>
        INPUTS.map((kind): CompositionScore => {
          const raw = compositionScore(earlier.OV, later.reads[kind]);
          return { earlier: earlier.label, later: later.label, kind, raw, corrected: raw - baseline.mean };
        }),
      ),
  );
  return { scores, baseline };
}

/** What matrices without any relation score: products of Gaussian factors [dModel, dHead] and [dHead, dModel]. */
export function randomComposition(
  { dModel, dHead }: { dModel: number; dHead: number },
  { draws = 40, seed = 0 }: { draws?: number; seed?: number } = {},
): CompositionRecord['baseline'] {
  const random = new RandomStream(seed, dModel, dHead);
  const gaussian = (rows: number, columns: number): Matrix => {
    const matrix = Matrix.zeros(rows, columns);
    for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) matrix.set(i, j, random.normal());
    return matrix;
  };
  const product = (): FactoredMatrix => new FactoredMatrix(gaussian(dModel, dHead), gaussian(dHead, dModel));
  const scores = Array.from({ length: draws }, () => compositionScore(product(), product()));
  const mean = scores.reduce((a, b) => a + b, 0) / draws;
  const deviation = Math.sqrt(scores.reduce((sum, s) => sum + (s - mean) ** 2, 0) / Math.max(1, draws - 1));
  return { mean, deviation, draws };
}
