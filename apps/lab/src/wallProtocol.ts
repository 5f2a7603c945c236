// What the page and a worker of the wall of seeds say to each other. Plain data only.
import type { GpuChoice, HeadBars, SavedRun } from './protocol.ts';

/** The name of a worker of the wall. */
export const WALL = 'wall';

/** A head as a tile shows it. */
export interface HeadGlimpse extends HeadBars {
  /** [queryPos][keyPos] of one sequence. */
  readonly pattern: Float32Array;
}

/** A seed at one step. Whatever a tile says of its model is made from one of these. */
export interface Glimpse {
  readonly seed: number;
  readonly step: number;
  /** Of the weights that were looked at. */
  readonly fingerprint: string;
  /** The probe's period, and where its block begins. */
  readonly period: number;
  readonly start: number;
  /** Tokens of the sequence. */
  readonly length: number;
  /** The head that most looks one token back, and of the others the one that keeps most to a distance or a repeat. */
  readonly heads: readonly HeadGlimpse[];
  /** Losses of what can be predicted since the glimpse before, and the step of the first of them. */
  readonly losses: readonly number[];
  readonly from: number;
  /** Whether it waits: at the step it was to come to, or at its last. */
  readonly resting: boolean;
}

/** What the audit says of a seed's weights with this fingerprint. */
export interface SeedVerdict {
  readonly verdict: string;
  readonly sentence: string;
  readonly step: number;
  readonly fingerprint: string;
}

/** Answers to the page's questions by their kind. */
export interface WallQuestions {
  /**
   * Seeds that train in this worker side by side, up to a step. Refused where the GPU was asked for and cannot be used: then
   * nothing has begun. The answer names the GPU.
   */
  begin: {
    ask: {
      experiment: unknown;
      seeds: readonly number[];
      until: number;
      period: number;
      /** Null for the CPU. */
      gpu: GpuChoice | null;
      /** Bytes that the kept states of one seed may take. */
      keptBytes: number;
    };
    answer: { gpu: string | null };
  };
  /** Up to another step, or, with null, not further. */
  train: { ask: { until: number | null }; answer: null };
  judge: { ask: { seed: number }; answer: SeedVerdict };
  /** A seed with all that it needs to go on elsewhere. */
  take: { ask: { seed: number }; answer: SavedRun };
}

export type WallMessage =
  | ({ readonly kind: 'glimpse' } & Glimpse)
  /** The GPU has failed, and the CPU goes on with its seeds. */
  | { readonly kind: 'leftGpu'; readonly sentence: string }
  /** A seed has failed. */
  | { readonly kind: 'failed'; readonly seed: number; readonly sentence: string };
