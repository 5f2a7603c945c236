// What the wall of seeds shows, as signals.
import { computed, type Signal, signal } from '@preact/signals';
import type { Setting } from '../../setting.ts';
import type { Glimpse, SeedVerdict } from '../../wallProtocol.ts';

/** One seed of the wall. */
export interface Tile {
  readonly seed: number;
  /** What was seen of it last. */
  readonly glimpse: Glimpse | null;
  /** Losses of what can be predicted, by step: the array grows in place. */
  readonly losses: readonly number[];
  readonly verdict: SeedVerdict | null;
  /** Whether the reader thinks that it has found the circuit. */
  readonly guessed: boolean;
  /** Why it trains no longer; null while it does. */
  readonly trouble: string | null;
}

/** What the wall trains. */
export interface WallSubject {
  readonly setting: Setting;
  /** The experiment's name. */
  readonly name: string;
  /** The loss of guessing, in nats. */
  readonly lnVocab: number;
  /** The last step of the experiment, and the one that the seeds are to come to. */
  readonly steps: number;
  readonly until: number;
  /** The GPU that trains; null for the CPU, and until it is known. */
  readonly gpu: string | null;
}

/** The verdict, while it is about the weights that the tile shows. */
export const verdictOf = ({ verdict, glimpse }: Tile): SeedVerdict | null =>
  verdict && verdict.fingerprint === glimpse?.fingerprint ? verdict : null;

/** Whether nothing more happens to it by itself. */
export const isStill = ({ glimpse, trouble }: Tile): boolean => trouble !== null || glimpse?.resting === true;

export type WallState = ReturnType<typeof createWallState>;

export function createWallState() {
  const tiles: Signal<readonly Signal<Tile>[]> = signal([]);
  /** Whether the seeds are to go on. */
  const going: Signal<boolean> = signal(false);
  const judging: Signal<boolean> = signal(false);
  const all = computed(() => tiles.value.map((tile) => tile.value));
  return {
    subject: signal<WallSubject | null>(null),
    /** A signal a seed, so that one that moves draws no other. */
    tiles,
    going,
    judging,
    /** Whether seeds train: told to go on, and not all where they were to come to. */
    training: computed(() => going.value && !all.value.every(isStill)),
    /** Whether every seed that lives has a verdict on the weights that are shown. */
    revealed: computed(
      () =>
        !judging.value &&
        all.value.some((tile) => verdictOf(tile)) &&
        all.value.every((tile) => tile.trouble !== null || verdictOf(tile)),
    ),
    /** What there is to say of the wall besides; null where nothing. */
    note: signal<string | null>(null),
  };
}
