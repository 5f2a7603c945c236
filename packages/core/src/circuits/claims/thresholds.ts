// The thresholds of the rules. A verdict says how far from them its numbers lie.

/** A head follows the period when its excess is above this (share of attention). */
export const FOLLOWS = 0.3;
/** A head keeps its stripe when, without any repeat, this much attention above chance stays on the offset. */
export const KEEPS_STRIPE = 0.3;
/** A mechanism is needed when the places that it could serve lose more than this share of their loss drop without it. */
export const NEEDED = 0.1;
/** So large a share of the map's places must be solved by content before anything is made of them. */
export const PLACES_NEEDED = 0.02;
/** A path is needed when less than this share of the followers' excess is left without it. */
export const DESTROYED = 0.5;
/** Periods at most this far from the best one may be solved by a blurred offset. */
export const NEIGHBOUR = 2;
/** A deciding number within this share of its threshold makes a close call. */
export const CLOSE = 0.15;

/** A number that decided, beside its threshold. `margin` is positive when it lies above. */
export interface Margin {
  readonly what: string;
  readonly value: number;
  readonly threshold: number;
  readonly margin: number;
  readonly close: boolean;
}

export const marginOf = (what: string, value: number, threshold: number): Margin => ({
  what,
  value,
  threshold,
  margin: value - threshold,
  close: Math.abs(value - threshold) < CLOSE * threshold,
});
