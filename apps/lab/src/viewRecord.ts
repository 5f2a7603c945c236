// What is looked at, and everything that is seen of a model at one step. Plain data only.
import type { AblationKind, HeadIndex } from '@induction-lab/core/browser';

/** An input of the layers after the first, from which everything that earlier layers wrote can be cut. */
export type PathInput = 'q' | 'k' | 'v';

/** What the reader typed: the text as it was, and the word of every token that stands for one. */
export interface Typed {
  readonly text: string;
  readonly words: ReadonlyMap<number, string>;
  /** What of it could not be taken; null or absent where all of it was. */
  readonly complaint?: string | null;
}

/** What to look at, and what is broken while looking. */
export interface Look {
  /** Period of the probe: two copies of a block, then tokens that repeat nothing. 0 for no repeat. */
  readonly period: number;
  /** The reader's own sequence in place of the probe. */
  readonly tokens: readonly number[] | null;
  /** A text for a model that reads texts: the worker makes tokens of it. */
  readonly text?: string | null;
  readonly ablated: readonly HeadIndex[];
  readonly kind: AblationKind;
  readonly cuts: readonly PathInput[];
  /** A kept step, or null for the newest. */
  readonly step: number | null;
  /** Where the tokens come from, so that a view can name them as they were typed. */
  readonly typed?: Typed | null;
  /** Counts what the page asks for: a view carries the number of the look that it answers. */
  readonly request?: number;
}

/** One head's live scores: shares of attention. */
export interface HeadBars extends HeadIndex {
  readonly label: string;
  readonly previousToken: number;
  readonly induction: number;
  /** The same stripe where nothing repeats. */
  readonly control: number;
  /** Period-free excess. */
  readonly excess: number;
  /** Largest attention above chance kept at one offset where nothing repeats. */
  readonly offset: number;
}

/** Times the loss of guessing: above it a model is said to be worse than that, and not merely as good. */
export const WORSE_THAN_GUESSING = 1.05;

/** Positions of a sequence that are looked at: of a model with a longer context the first ones. */
export const MOST_SEEN = 100;

/** Most probable next tokens that are shown. */
export const TOP = 3;

/**
 * Everything to be seen of one model at one step. It is one record: whatever the page says of a model is made from the
 * view that was computed, never from what has been asked for since.
 */
export interface View {
  /** The step of the weights that were looked at. */
  readonly step: number;
  /** The look as it was carried out: heads and paths that this model has, a period that fits into its context. */
  readonly look: Look;
  readonly nLayers: number;
  readonly nHeads: number;
  readonly period: number;
  /** Position of the block: 1 behind a start token, else 0. */
  readonly start: number;
  readonly tokens: readonly number[];
  /** [head][queryPos][keyPos], with interventions. */
  readonly patterns: Float32Array;
  /** The same heads on a sequence without any repeat. */
  readonly control: Float32Array;
  /** Tokens and shares of the `TOP` most probable next tokens at each position. */
  readonly topTokens: Int32Array;
  readonly topShares: Float32Array;
  /** Probability given to the true next token, positions 0 … T − 2. */
  readonly truth: Float32Array;
  /** Mean loss in nats on the repeat queries of 16 sequences; for own tokens where copying is right, null where it never is. */
  readonly lossRepeat: number | null;
  readonly lossRepeatIntact: number | null;
  /** Whether anything is broken while looking. */
  readonly broken: boolean;
  readonly lnVocab: number;
  readonly bars: readonly HeadBars[];
  /** What uniform attention scores. */
  readonly chance: { readonly previousToken: number; readonly induction: number };
  /** A fingerprint of the bits of the weights that were looked at. */
  readonly fingerprint: string;
  /** A frame of a recording: its patterns are known to 1/255, and its weights are not at hand. */
  readonly recorded?: true;
  /** What every token in this view looks like, for a model that reads texts. */
  readonly words?: ReadonlyMap<number, string>;
}

/** The shortest period of the probe. */
export const SHORTEST_PERIOD = 2;

/** What the model, as it is looked at, pays at every period of the probe. */
export interface PeriodSweep {
  /** Mean loss on the repeat in nats at `SHORTEST_PERIOD` and every longer period that fits. */
  readonly losses: readonly number[];
  /** Of the weights that were measured. */
  readonly fingerprint: string;
}

/** What is measured of a kept step, for the events on the timeline. */
export interface Mark {
  readonly step: number;
  readonly bars: readonly HeadBars[];
  /** Mean loss on the repeat over a few periods, in nats: of the whole model, and without what earlier layers wrote into keys. */
  readonly intact: number;
  readonly withoutKeys: number;
}
