// What a run leaves of its steps while it trains: all that its measurements ask for, kept with a half-done job.
import type { DynamicsPoint, SegmentLosses, StepRecord } from '@induction-lab/core/node';

/** Points of a curve: enough for a figure, few enough for a hundred thousand runs. */
const CURVE_POINTS = 60;

/** Losses over steps: means over equal stretches, the last of which may be shorter. */
export interface Curves {
  /** The last step of each stretch. */
  readonly steps: readonly number[];
  /** By segment; null where no step of the stretch has one. Nats. */
  readonly segments: Readonly<Record<string, readonly (number | null)[]>>;
}

/** When the loss on the repeat first was below 1 nat, and how many later steps were above it again; null where it never was. */
export interface Drop {
  readonly step: number | null;
  readonly relapses: number | null;
}

export class History {
  /** Losses by segment, [step − 1]. */
  readonly losses: SegmentLosses[];
  readonly points: DynamicsPoint[];

  constructor(kept: { losses: SegmentLosses[]; points: DynamicsPoint[] } = { losses: [], points: [] }) {
    this.losses = kept.losses;
    this.points = kept.points;
  }

  add({ segments }: StepRecord): void {
    this.losses.push(segments);
  }

  curves(): Curves {
    const stretch = Math.ceil(this.losses.length / CURVE_POINTS);
    const ends: number[] = [];
    for (let end = stretch; end - stretch < this.losses.length; end += stretch)
      ends.push(Math.min(end, this.losses.length));
    const names = Object.keys(this.losses[0] ?? {});
    const meanOf = (name: string, from: number, to: number): number | null => {
      const values = this.losses.slice(from, to).flatMap((step) => step[name] ?? []);
      return values.length === 0 ? null : values.reduce((a, b) => a + b, 0) / values.length;
    };
    return {
      steps: ends,
      segments: Object.fromEntries(
        names.map((name) => [name, ends.map((end, i) => meanOf(name, i === 0 ? 0 : ends[i - 1]!, end))]),
      ),
    };
  }

  drop(): Drop {
    const log = this.repeatLog();
    const at = log.findIndex(({ lossRepeat }) => lossRepeat < 1);
    if (at < 0) return { step: null, relapses: null };
    return { step: log[at]!.step, relapses: log.slice(at).filter(({ lossRepeat }) => lossRepeat > 1).length };
  }

  /** The log of the loss on the repeat, for the phase change. */
  repeatLog(): { step: number; lossRepeat: number }[] {
    return this.losses.flatMap(({ repeat }, i) =>
      typeof repeat === 'number' ? [{ step: i + 1, lossRepeat: repeat }] : [],
    );
  }
}
