import { formatCount, formatNumber } from '../frame/text.ts';
import { logTicks, multiples, roundStep } from './ticks.ts';

/** An axis of values: where each stands, and which are written beside it. */
export interface ValueScale {
  readonly domain: readonly [low: number, high: number];
  /** Where a value stands between the axis's ends, 0 to 1. */
  readonly fraction: (value: number) => number;
  readonly ticks: readonly number[];
  readonly format: (tick: number) => string;
}

/** A linear scale with about `most` round ticks, at most. */
export function linearScale([low, high]: readonly [number, number], most: number): ValueScale {
  const step = roundStep((high - low) / most);
  const decimals = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  return {
    domain: [low, high],
    fraction: (value) => (value - low) / (high - low),
    ticks: multiples(low, high, step),
    format: (tick) => formatNumber(tick, decimals),
  };
}

/** A logarithmic scale; both ends are above 0. */
export function logScale([low, high]: readonly [number, number]): ValueScale {
  const ticks = logTicks(low, high);
  return {
    domain: [low, high],
    fraction: (value) => Math.log(value / low) / Math.log(high / low),
    ticks: ticks.length > 1 ? ticks : [low, high],
    format: (tick) => (tick >= 1000 ? formatCount(Number(tick.toPrecision(3))) : String(Number(tick.toPrecision(3)))),
  };
}

/**
 * The range of values with room beyond its ends, 0 included and without room where 0 is an end. A range of nothing becomes [0, 1].
 */
export function rangeWithZero(values: readonly number[], room: number): [low: number, high: number] {
  const low = Math.min(0, ...values);
  const high = Math.max(0, ...values);
  if (low === high) return [0, 1];
  const extra = (high - low) * room;
  return [low < 0 ? low - extra : 0, high > 0 ? high + extra : 0];
}
