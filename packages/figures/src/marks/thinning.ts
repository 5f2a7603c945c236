/** A summary of neighbouring points: mean position and value, and the range of the values. */
export interface Bucket {
  readonly x: number;
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

/**
 * Thins a curve to at most `buckets` + 1 points for drawing: points that share one of `buckets` equal stretches of the axis become
 * their mean, with the lowest and highest value kept. The first point is kept as it is; the last one is part of a mean like the others,
 * because a noisy curve's last point says little about where the curve ended.
 *
 * `position` maps x to the axis (the identity, or a logarithm). `points` ascend in x. Fewer than 2 × `buckets` points stay as they are.
 */
export function thinCurve(
  points: readonly { x: number; y: number }[],
  position: (x: number) => number,
  buckets = 220,
): Bucket[] {
  const single = ({ x, y }: { x: number; y: number }): Bucket => ({ x, mean: y, low: y, high: y });
  if (points.length < 2 * buckets) return points.map(single);
  const first = points[0]!;
  const inner = points.slice(1);
  const start = position(inner[0]!.x);
  const extent = position(inner[inner.length - 1]!.x) - start || 1;
  const groups: { x: number; y: number }[][] = Array.from({ length: buckets }, () => []);
  for (const point of inner) {
    groups[Math.min(buckets - 1, Math.floor(((position(point.x) - start) / extent) * buckets))]!.push(point);
  }
  const summaries = groups
    .filter((group) => group.length > 0)
    .map((group) => {
      const mean = (value: (p: { x: number; y: number }) => number) =>
        group.reduce((sum, p) => sum + value(p), 0) / group.length;
      const values = group.map((p) => p.y);
      return { x: mean((p) => p.x), mean: mean((p) => p.y), low: Math.min(...values), high: Math.max(...values) };
    });
  return [single(first), ...summaries];
}
