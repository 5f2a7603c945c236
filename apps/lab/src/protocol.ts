// What the page and the worker that trains say to each other. Plain data only.
import type {
  AblationKind,
  AuditRecord,
  Experiment,
  HeadIndex,
  HeadsOff,
  KeySource,
  LanguageAudit,
  MapPicture,
  ProofRecord,
  Segment,
  StepRecord,
  TrainingState,
} from '@induction-lab/core/browser';

export type {
  AblationKind,
  AuditRecord,
  Experiment,
  HeadIndex,
  HeadsOff,
  KeySource,
  LanguageAudit,
  MapPicture,
  ProofRecord,
  Segment,
};

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

/** What is known of a model that came from a file. */
export interface OfFile {
  readonly metadata: Readonly<Record<string, string>>;
  /** A tokenizer came with it: it is given texts in words. */
  readonly readsText?: boolean;
  /** The name of a model that this page brings along, which a link can name; absent for files of the reader's own. */
  readonly shipped?: string;
}

/**
 * A run as it stood at a step, with all that it needs to go on with the same bits: handed from the wall of seeds to the bench,
 * and kept from one visit to the next.
 */
export interface SavedRun {
  readonly experiment: Experiment;
  readonly seed: number;
  /** Weights and moments at the newest step. */
  readonly state: TrainingState;
  /** The same at earlier steps, ascending. */
  readonly earlier: readonly TrainingState[];
  readonly records: readonly StepRecord[];
  /** Of the newest weights: they are taken for these only while their bits say so. */
  readonly fingerprint: string;
  /** The kernels that trained it. */
  readonly kernels: number;
  /** The GPU that trained it; null for the CPU. */
  readonly gpu: string | null;
}

/** A run that is kept from one visit to the next, as a list shows it. */
export interface KeptRun {
  /** Names what trains: a run that is kept again takes its own place. */
  readonly key: string;
  /** What the page said it is, given back as it was. */
  readonly setting: unknown;
  readonly name: string;
  readonly seed: number;
  readonly step: number;
  readonly steps: number;
  /** Of the newest weights. */
  readonly fingerprint: string;
  readonly gpu: string | null;
  readonly kernels: number;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** Which GPU is to train: hardware, or whatever the browser has, which may be a software one. */
export type GpuChoice = 'hardware' | 'software';

/** What is known of a run besides what can be seen. */
export interface BenchRun {
  readonly id: number;
  readonly name: string;
  readonly experiment: Experiment;
  readonly seed: number;
  readonly parameters: number;
  readonly lnVocab: number;
  /** What the losses of training are of, by the task's own names. */
  readonly segments: readonly Segment[];
  /** Of a checkpoint from a file, what it says of itself; null for a run of this page. */
  readonly file: OfFile | null;
  /** The step whose weights were fetched: training goes on from step 0. */
  readonly fetched?: number;
  /** The GPU that it was begun on. */
  readonly gpu?: string;
  /** Its step when it was taken from what was kept, in place of training so far. */
  readonly keptFrom?: number;
  /** Why no link brings these weights back, where none does: it continues "No link leads here: ". */
  readonly noLink?: string;
}

/** What the audit, and the proof where it was asked for, found in the weights with this fingerprint. */
export interface AuditAnswer {
  readonly record: AuditRecord;
  /** Where it finds the earlier copy, to be drawn. */
  readonly map: MapPicture;
  readonly step: number;
  readonly fingerprint: string;
  /** What each head is, by its label. */
  readonly marks: readonly (readonly [string, string])[];
  /** The circuit as a claim, measured; null after an audit alone. */
  readonly proof: ProofRecord | null;
}

/** Three answers about a language model: does the loss fall on a repeat, do heads follow it, is the fall lost with them off? */
export interface LanguageAnswer {
  readonly record: LanguageAudit;
  readonly fingerprint: string;
}

/** The weights of a run at a step, in place of training so far. */
export interface FetchedFile {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly file: string;
}

/** A model in a file, and what came with it. */
export interface GivenModel {
  /** A Blob is read in parts. */
  readonly bytes: Uint8Array<ArrayBuffer> | Blob;
  readonly file: string;
  /** The text of a config.json that came with it. */
  readonly config: string | null;
  /** The texts of a tokenizer.json, and of a tokenizer_config.json; a GGUF file has its own. */
  readonly tokenizer?: { readonly json: string; readonly config: string | null } | null;
  readonly shipped?: string;
}

/** Losses of one step, thin enough to send thousands. */
export type Losses = Pick<StepRecord, 'step' | 'segments'>;

export type RunStatus = 'paused' | 'playing' | 'done' | 'failed';

/** Answers to questions by their kind: what is asked, and what comes back. */
export interface Questions {
  start: {
    ask: {
      experiment: unknown;
      seed: number;
      until: number;
      keepOther: boolean;
      look: Look;
      fetched?: FetchedFile | null;
      /** Sequences to train on where the experiment's task is `data`. */
      data?: readonly (readonly number[])[] | null;
      /** The name of a kept run that may be gone on with in place of training so far. */
      keptAs?: string;
      /** Refused where this GPU cannot be used; then nothing has begun. */
      gpu?: GpuChoice;
    };
    answer: BenchRun;
  };
  /** A run from elsewhere on the bench, at rest. */
  adopt: { ask: { saved: SavedRun; look: Look }; answer: BenchRun };
  /** The run on the bench is kept, under what the page says it is; the answer is all that is kept then, the newest first. */
  keep: { ask: { key: string; setting: unknown }; answer: readonly KeptRun[] };
  kept: { ask: Record<string, never>; answer: readonly KeptRun[] };
  forget: { ask: { key: string }; answer: readonly KeptRun[] };
  /** A kept run on the bench, as it stood. */
  reopen: { ask: { key: string; look: Look }; answer: { run: BenchRun; setting: unknown } };
  control: { ask: { action: 'play' | 'pause' | 'step'; until?: number }; answer: null };
  speed: { ask: { stepsPerSecond: number }; answer: null };
  look: { ask: Look; answer: null };
  /** The loss at every period of the probe from one of them on: at some, and `left` counts the others. */
  sweep: { ask: { look: Look; from: number }; answer: PeriodSweep & { left: number } };
  /** What the kept steps are like: those that are not known yet, a few at a time; `left` counts the others. */
  marks: { ask: { known: readonly number[] }; answer: { run: number; marks: readonly Mark[]; left: number } };
  resume: { ask: { step: number }; answer: null };
  endComparison: { ask: Record<string, never>; answer: null };
  audit: { ask: Record<string, never>; answer: AuditAnswer };
  prove: { ask: Record<string, never>; answer: AuditAnswer };
  exercise: { ask: { name: ExerciseName; answer: ExerciseAnswer }; answer: ExerciseResult & CheckedOn };
  checkpoint: { ask: Record<string, never>; answer: { bytes: Uint8Array<ArrayBuffer>; step: number; run: BenchRun } };
  metrics: { ask: Record<string, never>; answer: { lines: string; run: BenchRun } };
  load: { ask: GivenModel; answer: BenchRun };
  languageAudit: { ask: Record<string, never>; answer: LanguageAnswer };
  /** The heads that are off in the view, beside random heads of the same layers; of the tokens that are shown. */
  randomOff: { ask: Record<string, never>; answer: RandomOff };
}

/** What the shown text costs with heads off (their output zero), beside as many random heads of the same layers. */
export interface RandomOff {
  /** The mean loss of all its tokens. */
  readonly all: HeadsOff;
  /** Of those alone that stood before and are followed by what followed them; null where there are none. */
  readonly copied: HeadsOff | null;
  /** How many those are. */
  readonly copies: number;
  /** The look that it was measured on. */
  readonly request: number;
}

export type QuestionKind = keyof Questions;
export interface Question<K extends QuestionKind = QuestionKind> {
  readonly id: number;
  readonly kind: K;
  readonly ask: Questions[K]['ask'];
}

/** Milliseconds between two signs of life of the worker that owns the models, while it is not at work. */
export const PULSE = 1000;

/** Said of every view that the page has drawn, so that a slow or sleeping page is not sent more than it can show. */
export const SEEN = 'seen';

/** What every worker of the lab says: that it lives, and its answers. */
export type Told =
  /** Held for as long as the worker lives (watchdog.ts). */
  | { readonly kind: 'lock'; readonly name: string }
  | { readonly kind: 'pulse' }
  | { readonly kind: 'answer'; readonly id: number; readonly answer: unknown }
  | { readonly kind: 'refusal'; readonly id: number; readonly sentence: string };
export const TOLD = ['lock', 'pulse', 'answer', 'refusal'] as const satisfies readonly Told['kind'][];

export type Message =
  | Told
  | { readonly kind: 'ready'; readonly isolated: boolean }
  | {
      readonly kind: 'progress';
      readonly run: number;
      readonly step: number;
      readonly status: RunStatus;
      readonly stepsPerSecond: number;
      readonly threads: number;
      /** Records since the last message; `from` 0 replaces all. */
      readonly from: number;
      readonly losses: readonly Losses[];
      readonly kept: readonly number[];
    }
  | {
      readonly kind: 'view';
      readonly run: number;
      readonly view: View;
      readonly beside: { readonly run: number; readonly view: View } | null;
    }
  | {
      readonly kind: 'trouble';
      readonly sentence: string;
      /** The look that cannot be shown, by its number. */
      readonly request?: number;
      /** Whether the same run, trained again, need not come to this. */
      readonly again?: boolean;
    };

/** The exercises; worker/exercises.ts says what passes. */
export type ExerciseName = 'previous-token-head' | 'smallest-set' | 'one-data-knob' | 'unmask' | 'cut-the-path';
export interface ExerciseAnswer {
  readonly heads: readonly HeadIndex[];
  readonly look: Look;
}
export interface ExerciseResult {
  readonly passed: boolean;
  readonly sentence: string;
}
/** The weights on which an answer was checked. */
export interface CheckedOn {
  readonly step: number;
  readonly fingerprint: string;
}
