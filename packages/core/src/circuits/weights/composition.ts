// Composition scores: how much of a later head's reading lies in what an earlier head writes (Elhage et al. 2021).

import * as z from 'zod/mini';
import { aFunction, checkArgument } from '../../errors/arguments.ts';
import { allHeads, headLabel } from '../../model/heads.ts';
import { INPUTS, type Input } from '../../model/interventions/interventions.ts';
import { RandomStream } from '../../random/randomStream.ts';
import { checkInstance, checkOptions, seedSchema } from '../checks.ts';
import { type OnProgress, Progress } from '../progress.ts';
import { FactoredMatrix, Matrix } from './factoredMatrix.ts';
import { WeightCircuits } from './weightCircuits.ts';

/** How much a later head reads of what an earlier one writes, from the weights alone. */
export interface CompositionScore {
  /** Label of the head that writes. */
  readonly earlier: string;
  /** Label of the head that reads. */
  readonly later: string;
  readonly kind: Input;
  /** ‖W_OV¹ M‖_F / (‖W_OV¹‖_F ‖M‖_F), 0 to 1, with M = W_QK² (Q), W_QK²ᵀ (K), W_OV² (V). 0 for a head of zeros. */
  readonly raw: number;
  /** `raw` minus the mean for random matrices of the same shapes. */
  readonly corrected: number;
}

/** Composition scores of all pairs of heads, with those of random matrices. */
export interface CompositionRecord {
  readonly scores: readonly CompositionScore[];
  /** Mean and standard deviation of the score of random Gaussian factors of the same shapes, and how many were drawn. */
  readonly baseline: {
    readonly mean: number;
    readonly deviation: number;
    readonly draws: number;
  };
}

/**
 * The composition score of two factored matrices, whatever their scale. Throws a NotFiniteError when an entry is not finite.
 * @returns ‖A B‖ / (‖A‖ ‖B‖), 0 to 1.
 */
export function compositionScore(first: FactoredMatrix, second: FactoredMatrix): number {
  for (const [what, value] of Object.entries({ first, second }))
    checkInstance('compositionScore', { what, value }, FactoredMatrix);
  return scoreOf(sized(first), sized(second));
}

/** A product up to a power of two, and its norm. */
interface Sized {
  readonly matrix: FactoredMatrix;
  readonly norm: number;
}

function sized(product: FactoredMatrix): Sized {
  const matrix = product.normalized();
  return { matrix, norm: matrix.norm() };
}

function scoreOf(first: Sized, second: Sized): number {
  const size = first.norm * second.norm;
  return size === 0 ? 0 : first.matrix.multiply(second.matrix).norm() / size;
}

const optionsSchema = z.strictObject({
  draws: z.optional(z.int().check(z.gte(1), z.lte(100_000))),
  seed: z.optional(seedSchema),
  baseline: z.optional(z.strictObject({ mean: z.number(), deviation: z.number(), draws: z.int() })),
  onProgress: z.optional(aFunction),
});

/**
 * Scores of every earlier head with every head of a later layer, of all three kinds. Throws an ArgumentError for options
 * that it does not have, a NotFiniteError when a weight is not finite.
 * @param options.baseline What random matrices score, where it is known already.
 * @param options.draws How many random pairs are drawn for the baseline.
 * @param options.seed Seed of those draws.
 */
export function compositionScores(
  circuits: WeightCircuits,
  options: { draws?: number; seed?: number; baseline?: CompositionRecord['baseline']; onProgress?: OnProgress } = {},
): CompositionRecord {
  checkInstance('compositionScores', { what: 'the circuits', value: circuits }, WeightCircuits);
  checkOptions('compositionScores', optionsSchema, options);
  const { draws = 40, seed = 0 } = options;
  const { nLayers, nHeads } = circuits.config;
  const pairs = (nHeads * nHeads * nLayers * (nLayers - 1)) / 2;
  const progress = new Progress(options.onProgress, (options.baseline ? 0 : draws) + INPUTS.length * pairs);
  const baseline = options.baseline ?? drawBaseline(circuits.config, { draws, seed, progress });
  const heads = allHeads(circuits.config).map((name) => {
    const QK = circuits.QK(name);
    const OV = sized(circuits.OV(name));
    const reads = { q: sized(QK), k: sized(QK.transpose()), v: OV };
    return { ...name, label: headLabel(name.layer, name.head), OV, reads };
  });
  const scores = heads.flatMap((earlier) =>
    heads
      .filter((later) => later.layer > earlier.layer)
      .flatMap((later) =>
        INPUTS.map((kind): CompositionScore => {
          const raw = scoreOf(earlier.OV, later.reads[kind]);
          progress.add(1);
          return { earlier: earlier.label, later: later.label, kind, raw, corrected: raw - baseline.mean };
        }),
      ),
  );
  progress.finish();
  return { scores, baseline };
}

const drawsSchema = z.strictObject({ draws: optionsSchema.shape.draws, seed: optionsSchema.shape.seed });
const side = z.int().check(z.gte(1), z.lte(65536));

/**
 * What matrices without any relation score: products of Gaussian factors [dModel, dHead] and [dHead, dModel].
 * @param sizes The shapes of the factors.
 * @param sizes.dHead Their inner size.
 * @param sizes.dModel Their outer size.
 * @param options.draws How many random pairs are drawn.
 * @param options.seed Seed of the draws.
 * @returns Mean and standard deviation of their scores.
 * @throws an ArgumentError for sizes or options that cannot be meant.
 */
export function randomComposition(
  sizes: { dModel: number; dHead: number },
  options: { draws?: number; seed?: number } = {},
): CompositionRecord['baseline'] {
  checkArgument('randomComposition', 'sizes', z.looseObject({ dModel: side, dHead: side }), sizes);
  checkOptions('randomComposition', drawsSchema, options);
  const { draws = 40, seed = 0 } = options;
  return drawBaseline(sizes, { draws, seed, progress: new Progress(undefined, draws) });
}

function drawBaseline(
  { dModel, dHead }: { dModel: number; dHead: number },
  { draws, seed, progress }: { draws: number; seed: number; progress: Progress },
): CompositionRecord['baseline'] {
  const random = new RandomStream(seed, dModel, dHead);
  const gaussian = (rows: number, columns: number): Matrix => {
    const matrix = Matrix.zeros(rows, columns);
    for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) matrix.set(i, j, random.normal());
    return matrix;
  };
  const product = (): FactoredMatrix => new FactoredMatrix(gaussian(dModel, dHead), gaussian(dHead, dModel));
  const scores = Array.from({ length: draws }, () => {
    progress.add(1);
    return compositionScore(product(), product());
  });
  const mean = scores.reduce((a, b) => a + b, 0) / draws;
  const deviation = Math.sqrt(scores.reduce((sum, s) => sum + (s - mean) ** 2, 0) / Math.max(1, draws - 1));
  return { mean, deviation, draws };
}
