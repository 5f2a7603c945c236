// What a race says of a competitor: its speed, ours over it, and whether that reaches the target.
import { lossFell, median, pairedRatio } from './race.mjs';

/** Our speed over theirs that is wanted on a machine of two cores, at dModel 64. */
const TARGETS = {
  pytorch: ({ threads, layerNorm }) => (threads > 1 && layerNorm ? 1.8 : 1.4),
  eager: ({ threads }) => (threads > 1 ? 2 : null),
  jaxjs: () => 20,
  tfjs: () => 20,
};

/** A result of race.mjs as the report shows it. `ours` is the result of induction-lab in the same cell. */
export function judge({ result, ours, cell, settings }) {
  if (result.missing) return result;
  const { name, version, build, rates, firstLoss, lastLoss } = result;
  const fell = lossFell(result);
  const comparable = fell && ours !== result && !ours.missing && lossFell(ours);
  const ratio = comparable ? pairedRatio(ours.rates, rates) : null;
  const target = cell.dModel === 64 ? (TARGETS[name]?.(cell) ?? null) : null;
  const passed = ratio && target ? ratio.median >= target : null;
  const stepsPerSecond = median(rates);
  /** Our time a step over that of the other commit. */
  const stepTime = name === 'against' && ratio ? { stepTime: pairedRatio(rates, ours.rates) } : {};
  return {
    ...{ name, version, build, stepsPerSecond, rates, firstLoss, lastLoss, fell, ratio, target, passed, settings },
    ...stepTime,
  };
}
