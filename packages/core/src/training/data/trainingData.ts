// What may be trained on besides a task's sequences: a module of the user's, which makes them, or sequences of tokens.
import type { RandomStream } from '../../random/randomStream.ts';
import type { Segment } from '../../tasks/segments.ts';
import type { SequenceSource, SourceOptions } from '../../tasks/source.ts';

/** What a data module is asked for: one sequence of the batch of a step. */
export interface SequenceRequest {
  /** The seed of the run. */
  readonly seed: number;
  /** Counted from 1. */
  readonly step: number;
  /** Of the sequence in its batch, from 0. */
  readonly index: number;
  /** Random numbers of this sequence alone: `random.below(n)`, `random.uniform()`, `random.normal()`. */
  readonly random: RandomStream;
  /** The most tokens that it may have: the context. */
  readonly length: number;
  /** Tokens to choose from: 0 to dVocab − 1. */
  readonly dVocab: number;
}

/** Queries [from, to): one range, or several, ascending. */
export type GivenQueries = readonly [from: number, to: number] | readonly (readonly [from: number, to: number])[];

/** What a data module answers: the tokens, or the tokens with what is to be known of them. */
export type GivenSequence =
  | ArrayLike<number>
  | {
      /** 2 to `length` of them, whole numbers below dVocab. */
      readonly tokens: ArrayLike<number>;
      /** The queries of some of the module's segments. */
      readonly segments?: Readonly<Record<string, GivenQueries>>;
      /** The queries that `lossOn: "predictable"` trains on. */
      readonly predictable?: GivenQueries;
    };

/** Where data came from, for records. */
export interface DataOrigin {
  /** The file, as it was named. */
  readonly path: string;
  /** Of the file's bytes, as hexadecimals. */
  readonly sha256: string;
  readonly dtype?: TokenType;
}

/** How the tokens of a file without any header are stored: little-endian. */
export const TOKEN_TYPES = ['uint16', 'int32'] as const;
/** How tokens of a .bin file are stored. */
export type TokenType = (typeof TOKEN_TYPES)[number];

/**
 * A module that makes sequences. The answer to the same seed, step and index must be the same, in every thread and in a
 * resumed run: it may depend on nothing else.
 */
export interface DataModule {
  /** Makes a sequence: tokens, or tokens with segments. The same for the same request, always. */
  sequence(request: SequenceRequest): GivenSequence;
  /** Named parts by which losses are told; one of the whole sequence unless given. */
  readonly segments?: readonly (string | Segment)[];
  /** Where every training thread loads it from; without it, it stays in the calling thread. */
  readonly url?: string;
  readonly origin?: DataOrigin;
}

/** Sequences in one array, which threads can share. */
export interface TokenTable {
  /** The tokens of each sequence, one sequence after the other; `starts` says where each begins. */
  readonly tokens: Int32Array;
  /** Where each sequence begins, and where the last one ends. */
  readonly starts: Float64Array;
  /** What a sequence is called in messages, and where it was found: "line 3 of mine.jsonl". */
  readonly called: {
    readonly part: 'sequence' | 'line' | 'row' | 'window';
    readonly of: string;
  };
  readonly origin?: DataOrigin;
}

/** `sequences`: arrays of 2 to nCtx tokens each. */
export type TrainingData = DataModule | TokenTable | { readonly sequences: readonly ArrayLike<number>[] };

/** Data as a file is read into it, and as threads reach it: sequences lie in a table. */
export type ReadyData = DataModule | TokenTable;

/** Data that has been found fit for an experiment: what a pool trains on in place of a task's sequences. */
export interface RunData {
  readonly given: ReadyData;
  /** The parts by which its losses are told. */
  readonly segments: readonly Segment[];
  /**
   * Its sequences, as a run of this seed and these sizes (`options`) draws them.
   * @returns What makes the sequences of each step.
   */
  source(options: SourceOptions): SequenceSource;
}

/** Raised for data that cannot be trained on; the message names the file, the step and the sequence, and what to do. */
export class DataError extends Error {}

export const isModule = (data: TrainingData | ReadyData): data is DataModule => 'sequence' in data;
