// What the comparison with random circuits is worth.
import type { Faithfulness } from './evaluationRecord.ts';

/** A random circuit does as well when it keeps, or loses, at most so much less of the loss drop. */
const AS_WELL = 0.05;
/** So large a share of the random circuits must do as well before the circuit counts as one of many. */
const MANY = 0.25;
/** Ablating it says nothing when it is as bad with so large a share: many of those have a head in common with it. */
const NEARLY_ALL = 0.75;
/** A circuit that keeps less of the loss drop explains a part of the model, no more. */
const EXPLAINS = 0.7;

/** Whether it is these heads that do it. */
export interface Specificity {
  /** Whether the circuit keeps most of the loss drop. */
  readonly explains: boolean;
  /** Whether few random circuits of its shape keep as much; null where there are none to compare with. */
  readonly keepsMore: boolean | null;
  /** Whether not nearly all random circuits of other heads lose as much when ablated; null where there are none. */
  readonly losesMore: boolean | null;
}

/** Shares of the loss drop that random circuits keep, and that those of other heads lose. */
export interface Controls {
  readonly kept: readonly number[];
  readonly lost: readonly number[];
}

/** Compares a circuit with random ones of its shape. */
export function specificityOf({ kept, lost }: Pick<Faithfulness, 'kept' | 'lost'>, controls: Controls): Specificity {
  const shareThatReach = (value: number, others: readonly number[]): number | null => {
    const finite = others.filter(Number.isFinite);
    if (finite.length === 0 || !Number.isFinite(value)) return null;
    return finite.filter((other) => other >= value - AS_WELL).length / finite.length;
  };
  const keep = shareThatReach(kept.value, controls.kept);
  const lose = shareThatReach(lost.value, controls.lost);
  return {
    explains: !(kept.value < EXPLAINS),
    keepsMore: keep === null ? null : keep < MANY,
    losesMore: lose === null ? null : lose < NEARLY_ALL,
  };
}
