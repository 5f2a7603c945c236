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
import type { Look, Mark, PeriodSweep, View } from './viewRecord.ts';

export * from './viewRecord.ts';
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
