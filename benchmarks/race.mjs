// Races competitors: bursts in turn, round after round, because a machine's speed drifts by a third between minutes.
// Medians of rounds, and ratios only between bursts of the same round.
import { startCompetitor } from './competitor.mjs';

export const median = (values) => quantile(values, 0.5);

/** Linear interpolation between order statistics. */
export function quantile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  const at = share * (sorted.length - 1);
  const low = Math.floor(at);
  return sorted[low] + (at - low) * ((sorted[low + 1] ?? sorted[low]) - sorted[low]);
}

/** Median and quartiles of `a` over `b`, round by round. */
export function pairedRatio(a, b) {
  const ratios = a.map((value, i) => value / b[i]);
  return { median: median(ratios), low: quantile(ratios, 0.25), high: quantile(ratios, 0.75) };
}

const SECONDS_OF_WARM_UP = 1;

/** Steps until compilers have settled; resolves to how many steps make a burst of `seconds`. */
async function warmUp(child, seconds) {
  let spent = 0;
  let last = { steps: 1, seconds: 1 };
  for (let steps = 1; spent < SECONDS_OF_WARM_UP; steps *= 2) {
    last = await child.burst(steps);
    spent += last.seconds;
  }
  return Math.max(1, Math.round((seconds * last.steps) / last.seconds));
}

/**
 * Runs entries [{ name, launch }] against each other. Resolves to results in that order: { name, version, build, rates
 * per round, firstLoss, lastLoss }, or { name, missing } for one that did not run.
 */
export async function race(entries, { rounds, seconds, limit }) {
  const lanes = [];
  for (const entry of entries) lanes.push(await enter(entry, seconds, limit));
  const running = lanes.filter((lane) => lane.child);
  try {
    for (let round = 0; round < rounds; round++)
      for (let turn = 0; turn < running.length; turn++) {
        const lane = running[(turn + round) % running.length]; // everyone starts a round in turn
        if (!lane.child) continue;
        try {
          const { steps, seconds: spent, loss } = await lane.child.burst(lane.steps);
          lane.result.rates.push(steps / spent);
          lane.result.lastLoss = loss;
        } catch (error) {
          lane.child = null;
          lane.result = { name: lane.result.name, missing: error.message };
        }
      }
  } finally {
    await Promise.all(running.map(({ child }) => child?.stop()));
  }
  return lanes.map(({ result }) => result);
}

async function enter({ name, launch }, seconds, limit) {
  try {
    const child = await startCompetitor(launch, limit);
    const steps = await warmUp(child, seconds);
    const { version, build, firstLoss } = child.about;
    return { child, steps, result: { name, version, build, rates: [], firstLoss, lastLoss: Number.NaN } };
  } catch (error) {
    return { child: null, result: { name, missing: error.message } };
  }
}

/** Whether training did what it should: nobody may win by timing a broken step. */
export const lossFell = ({ firstLoss, lastLoss }) => lastLoss < firstLoss;
