// A member's batches: drawn here, as every pool draws them, so that the GPU trains on the same tokens to the last bit; and
// the losses that come back for them, told as every pool tells them.
import { countsToLoss } from '../engine/targets.ts';
import type { DrawnSequence, SequenceSource } from '../tasks/source.ts';
import type { RunData } from '../training/data/trainingData.ts';
import type { Experiment } from '../training/experiment.ts';
import { learningRateAt } from '../training/schedule.ts';
import { sourceOf } from '../training/sourceOf.ts';
import type { StepLosses } from '../training/stepLosses.ts';

/** What was drawn for a step: what its losses are of. */
export interface DrawnBatch {
  readonly step: number;
  /** Positions trained on. */
  readonly counted: number;
  readonly sequences: readonly DrawnSequence[];
  /** [sequence, position], whether it counts. */
  readonly counts: Uint8Array;
}

export class MemberBatches {
  readonly experiment: Experiment;
  private readonly source: SequenceSource;
  private readonly tokens: Int32Array;
  private readonly targets: Int32Array;

  constructor(options: { experiment: Experiment; seed: number; data?: RunData }) {
    const { nCtx } = options.experiment.model;
    this.experiment = options.experiment;
    this.source = sourceOf(options, options.data);
    this.tokens = new Int32Array(nCtx);
    this.targets = new Int32Array(nCtx);
  }

  /** Draws the batch of a step into `out`, [sequence, position] of (token, target), all positions but the last. */
  draw(step: number, out: Int32Array): DrawnBatch {
    const { batch } = this.experiment.training;
    const { tokens, targets } = this;
    const positions = tokens.length - 1;
    const counts = new Uint8Array(batch * positions);
    const sequences = Array.from({ length: batch }, (_, s) => {
      const drawn = this.source.fill(step, s, tokens, targets);
      for (let t = 0; t < positions; t++) {
        const at = s * positions + t;
        out[2 * at] = tokens[t]!;
        out[2 * at + 1] = targets[t]!;
        counts[at] = countsToLoss(targets[t]!) ? 1 : 0;
      }
      return drawn;
    });
    return { step, counted: this.source.counted(step), sequences, counts };
  }

  /** What a step measured, from the losses of its batch, [sequence, position], and the squares of its gradient. */
  losses(drawn: DrawnBatch, losses: Float32Array, squares: Float32Array): StepLosses {
    const positions = this.tokens.length - 1;
    const whole = new Sums(1);
    const segments = new Sums(this.source.segments.length);
    const perPosition = new Sums(positions);
    for (let i = 0; i < losses.length; i++) if (drawn.counts[i] === 1) whole.add(0, losses[i]!);
    for (const [s, { length, segments: queries }] of drawn.sequences.entries()) {
      const at = s * positions;
      for (const [i, ranges] of queries.entries())
        for (const [from, to] of ranges)
          for (let t = from; t < Math.min(to, length - 1); t++) segments.add(i, losses[at + t]!);
      for (let t = 0; t < length - 1; t++) perPosition.add(t, losses[at + t]!);
    }
    return {
      step: drawn.step,
      loss: whole.mean(0) ?? Number.NaN,
      segments: Object.fromEntries(this.source.segments.map(({ name }, i) => [name, segments.mean(i)])),
      learningRate: learningRateAt(drawn.step, this.experiment.training),
      gradientNorm: Math.sqrt(squares.reduce((a, b) => a + b, 0)),
      perPosition: Array.from({ length: positions }, (_, t) => perPosition.mean(t)),
    };
  }
}

/** Sums in float64, and how many numbers each is of. */
class Sums {
  private readonly sums: Float64Array;
  private readonly counts: Int32Array;

  constructor(length: number) {
    this.sums = new Float64Array(length);
    this.counts = new Int32Array(length);
  }

  add(i: number, value: number): void {
    this.sums[i]! += value;
    this.counts[i]!++;
  }

  /** null of nothing */
  mean(i: number): number | null {
    return this.counts[i]! > 0 ? this.sums[i]! / this.counts[i]! : null;
  }
}
