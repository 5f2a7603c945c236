// A loss curve as a path in a small box, thinned to what can be seen.

/** The box in which it is drawn: steps across, nats down. */
export const BOX = { width: 120, height: 40 } as const;

/** Points of a curve. */
const MOST = 60;

/** Nats that the box is high, in losses of guessing: a little more than knowing nothing costs. */
const HIGHEST = 1.15;

/** Where a loss stands in the box, from the top. */
export const heightOf = (loss: number, lnVocab: number): number =>
  BOX.height * (1 - Math.min(loss, HIGHEST * lnVocab) / (HIGHEST * lnVocab));

/** The path of losses of steps 1, 2, … of a run that is to come to step `until`, each point the mean of neighbours. */
export function lossPath(losses: readonly number[], { until, lnVocab }: { until: number; lnVocab: number }): string {
  const each = Math.max(1, Math.ceil(Math.max(until, losses.length) / MOST));
  const points: string[] = [];
  for (let from = 0; from < losses.length; from += each) {
    const some = losses.slice(from, from + each);
    const mean = some.reduce((sum, loss) => sum + loss, 0) / some.length;
    const step = from + (some.length + 1) / 2;
    points.push(`${((BOX.width * step) / Math.max(until, 1)).toFixed(1)},${heightOf(mean, lnVocab).toFixed(1)}`);
  }
  return points.length === 0 ? '' : `M${points.join('L')}`;
}
