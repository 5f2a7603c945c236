// One run of an ensemble: how far it is to go, how far it has come, and its state where it last rested.
import type { PoolOptions, PoolReading } from '../training/parallel/pool.ts';
import type { StepLosses } from '../training/stepLosses.ts';
import { type DrawnBatch, MemberBatches } from './memberBatches.ts';
import { type MemberFloats, momentsApart, namedOf, startOf } from './memberState.ts';
import { rulesOf } from './rules.ts';

interface Order {
  /** The step done before it. */
  readonly after: number;
  readonly to: number;
  readonly onStep: (losses: StepLosses) => void;
  readonly resolve: (step: number) => void;
  readonly reject: (error: unknown) => void;
}

export class Member {
  readonly batches: MemberBatches;
  readonly rules: Uint32Array<ArrayBuffer>;
  /** Its state where it last rested. */
  kept: { readonly step: number; readonly floats: MemberFloats };
  /** Last steps submitted, computed, and told of. A lost GPU sets the first two back. */
  taken: number;
  done: number;
  reported: number;
  stopping = false;
  /** Its loss is no longer finite. */
  ended = false;
  private current: Order | null = null;
  private broken: { readonly error: unknown } | null = null;

  constructor(options: PoolOptions) {
    const step = options.resume?.step ?? 0;
    this.batches = new MemberBatches(options);
    this.rules = rulesOf(options.experiment);
    this.kept = { step, floats: startOf(options.experiment, options) };
    this.taken = step;
    this.done = step;
    this.reported = step;
  }

  /** Asks for steps `from` … `to`; resolves to the last one done. */
  order(from: number, to: number, onStep: Order['onStep']): Promise<number> {
    return new Promise((resolve, reject) => {
      this.current = { after: from - 1, to, onStep, resolve, reject };
    });
  }

  get ordered(): boolean {
    return this.current !== null;
  }

  /** Steps that may still be submitted: one that is to stop finishes the step under way. */
  get left(): number {
    if (this.current === null || this.ended) return 0;
    const { after, to } = this.current;
    return this.stopping ? (this.taken > after ? 0 : 1) : to - this.taken;
  }

  /** Whether its order is carried out. */
  get isThrough(): boolean {
    return this.ordered && (this.ended || (this.left === 0 && this.done === this.taken));
  }

  /** Draws the batch of its next step; null once it has ended, be it because this one cannot be drawn. */
  draw(out: Int32Array): DrawnBatch | null {
    if (this.ended) return null;
    try {
      const batch = this.batches.draw(this.taken + 1, out);
      this.taken++;
      return batch;
    } catch (error) {
      this.break(error);
      return null;
    }
  }

  /** Takes a step's losses, and tells of them unless it has before. */
  report(losses: StepLosses): void {
    if (this.ended) return;
    this.done = losses.step;
    this.ended = !Number.isFinite(losses.loss);
    if (losses.step <= this.reported) return;
    this.reported = losses.step;
    this.current?.onStep(losses);
  }

  keep(floats: MemberFloats): void {
    this.kept = { step: this.done, floats };
  }

  /** Ends it for what is wrong with its data, say; its order is told when it rests. */
  private break(error: unknown): void {
    this.broken = { error };
    this.ended = true;
  }

  /** Ends its order. */
  rest(): void {
    const { current, broken } = this;
    this.current = null;
    if (broken) current?.reject(broken.error);
    else current?.resolve(this.done);
  }

  fail(error: unknown): void {
    const { current } = this;
    this.current = null;
    current?.reject(error);
  }

  /** Back to where it last rested. */
  rewind(): void {
    this.taken = this.kept.step;
    this.done = this.kept.step;
    this.ended = this.broken !== null;
  }

  /** What it was where it last rested: copies, made when they are asked for. */
  reading(): PoolReading {
    const { model } = this.batches.experiment;
    const { weights, moments } = this.kept.floats;
    return {
      weights: () => namedOf(model, weights),
      moments: () => {
        const { m, v } = momentsApart(moments);
        return { m: namedOf(model, m), v: namedOf(model, v) };
      },
    };
  }
}
