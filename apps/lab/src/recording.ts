// A recording: frames of runs, as the page shows them, without their weights. Patterns are stored in 8 bits, below the diagonal
// only; everything else is stored as it was. build/recording.ts makes it, recorded.ts fetches it.
import type { Losses, Mark, PeriodSweep, View } from './protocol.ts';
import type { Setting } from './setting.ts';

/** A frame as it is stored: where its patterns begin in the bytes. */
interface Stored extends Omit<View, 'patterns' | 'control' | 'topTokens' | 'topShares' | 'truth' | 'recorded'> {
  readonly patterns: number;
  readonly control: number;
  readonly topTokens: readonly number[];
  readonly topShares: readonly number[];
  readonly truth: readonly number[];
  readonly sweep: PeriodSweep;
}

/** A recorded run: its losses are of every step up to the last frame. */
export interface RecordedRun<Frame = Stored> {
  readonly setting: Setting;
  readonly losses: readonly Losses[];
  readonly marks: readonly Mark[];
  readonly frames: readonly Frame[];
}

/** Views to be recorded, each with its loss at every period. */
export type Recordable = RecordedRun<{ readonly view: View; readonly sweep: PeriodSweep }>;

interface Head {
  readonly kernels: number;
  readonly runs: readonly RecordedRun[];
}

const LEVELS = 255;

/** Nine digits give a 32-bit number back as it was. */
const short = (x: number): number => Number(x.toPrecision(9));

/** The bytes of all patterns of a view: [head][queryPos][keyPos ≤ queryPos]. */
function quantised(patterns: Float32Array, size: number): Uint8Array {
  const heads = patterns.length / size ** 2;
  const out = new Uint8Array((heads * size * (size + 1)) / 2);
  let at = 0;
  for (let head = 0; head < heads; head++)
    for (let query = 0; query < size; query++)
      for (let key = 0; key <= query; key++)
        out[at++] = Math.round(LEVELS * (patterns[(head * size + query) * size + key] as number));
  return out;
}

/** The patterns that `quantised` has stored at some place, to the nearest 1/255. */
function restored(bytes: Uint8Array, from: number, { heads, size }: { heads: number; size: number }): Float32Array {
  const out = new Float32Array(heads * size ** 2);
  let at = from;
  for (let head = 0; head < heads; head++)
    for (let query = 0; query < size; query++)
      for (let key = 0; key <= query; key++) out[(head * size + query) * size + key] = (bytes[at++] as number) / LEVELS;
  return out;
}

/** A recording as bytes, before compression: the length of the head in four bytes, the head as JSON, the patterns. */
export function packRecording(runs: readonly Recordable[], kernels: number): Uint8Array<ArrayBuffer> {
  const blocks: Uint8Array[] = [];
  let total = 0;
  const known = new Map<string, number>();
  const store = (patterns: Float32Array, size: number): number => {
    const block = quantised(patterns, size);
    const key = block.join();
    const before = known.get(key); // what is shown without a repeat is the same at every period
    if (before !== undefined) return before;
    known.set(key, total);
    blocks.push(block);
    total += block.length;
    return total - block.length;
  };
  const head: Head = {
    kernels,
    runs: runs.map(({ frames, ...run }) => ({
      ...run,
      frames: frames.map(
        ({ view, sweep }): Stored => ({
          ...view,
          patterns: store(view.patterns, view.tokens.length),
          control: store(view.control, view.tokens.length),
          topTokens: [...view.topTokens],
          topShares: Array.from(view.topShares, short),
          truth: Array.from(view.truth, short),
          sweep: { ...sweep, losses: sweep.losses.map(short) },
        }),
      ),
    })),
  };
  const text = new TextEncoder().encode(JSON.stringify(head));
  const out = new Uint8Array(4 + text.length + total);
  new DataView(out.buffer).setUint32(0, text.length, true);
  out.set(text, 4);
  let at = 4 + text.length;
  for (const block of blocks) {
    out.set(block, at);
    at += block.length;
  }
  return out;
}

export interface Recording {
  /** The version of the kernels that trained what was recorded. */
  readonly kernels: number;
  readonly runs: readonly RecordedRun[];
  /** A frame as a view. */
  view(frame: Stored): View;
}

export type RecordedFrame = Stored;

/** Reads what `packRecording` wrote. */
export function readRecording(bytes: Uint8Array): Recording {
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  const head = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length))) as Head;
  const patterns = bytes.subarray(4 + length);
  return {
    ...head,
    view({ sweep: _, ...frame }) {
      const shape = { heads: frame.nLayers * frame.nHeads, size: frame.tokens.length };
      return {
        ...frame,
        patterns: restored(patterns, frame.patterns, shape),
        control: restored(patterns, frame.control, shape),
        topTokens: Int32Array.from(frame.topTokens),
        topShares: Float32Array.from(frame.topShares),
        truth: Float32Array.from(frame.truth),
        recorded: true,
      };
    },
  };
}
