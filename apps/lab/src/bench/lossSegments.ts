// The segments whose losses are shown while training.
import type { BenchRun, Segment } from '../protocol.ts';

/** Losses are drawn of the segments that are more than a single position: that one is too noisy. */
export const drawn = (run: BenchRun | null): readonly Segment[] =>
  (run?.segments ?? []).filter(({ single }) => !single);

/** The segment that the run is about: what can be predicted, or all of a sequence that says nothing of that. */
export const isMain = ({ name, predictable }: Segment): boolean => predictable === true || name === 'all';
