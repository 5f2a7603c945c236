// What the lab shows, as signals. The worker owns the models; what can be done is in actions/.
import { computed, type ReadonlySignal, type Signal, signal } from '@preact/signals';
import { DEFAULTS, type LinkState } from './link.ts';
import { readTokens } from './ownTokens.ts';
import type { AblationKind, AuditAnswer, BenchRun, HeadIndex, Losses, PathInput, RunStatus, View } from './protocol.ts';
import type { Setting } from './setting.ts';
import { titleOf } from './viewText.ts';

/** A cell of the attention patterns, and the head on which it was pointed at. */
export interface Cell {
  readonly query: number;
  readonly key: number;
  readonly head: number | null;
}

export type Audited = Omit<AuditAnswer, 'marks'> & { readonly marks: ReadonlyMap<string, string> };

/** A run kept beside the one that trains. */
export interface OtherRun {
  readonly id: number;
  readonly setting: Setting;
  readonly name: string;
  readonly step: number;
  readonly losses: readonly Losses[];
}

export interface Notice {
  readonly tone: 'plain' | 'bad';
  readonly text: string;
  /** Offers to start anew: 'worker' where nothing else can be done, 'run' where it is one way to go on. */
  readonly restart?: 'worker' | 'run';
  /** About a silence: it goes when the worker is heard again. */
  readonly silence?: boolean;
}

/**
 * A view that came from the worker, with the run that it is a view of. The one record that texts, titles of figures, links
 * and marks about a model are made from.
 */
export interface Shown extends View {
  readonly run: BenchRun;
  readonly setting: Setting;
}

/** A view of the run beside. */
export interface ShownBeside extends View {
  readonly other: OtherRun;
}

export const setting: Signal<Setting> = signal(DEFAULTS.setting);
export const run: Signal<BenchRun | null> = signal(null);
export const step: Signal<number> = signal(0);
export const status: Signal<RunStatus> = signal('paused');
export const stepsPerSecond: Signal<number> = signal(0);
/** Whether the page may have threads; null until the worker has said so. */
export const isolated: Signal<boolean | null> = signal(null);
/** Threads that train the present run. */
export const threads: Signal<number> = signal(1);
export const kept: Signal<readonly number[]> = signal([0]);
/** The losses so far; the array is the same, its version tells of changes. */
export const losses: { all: Losses[] } = { all: [] };
export const lossesVersion: Signal<number> = signal(0);
export const view: Signal<Shown | null> = signal(null);
/** The same view a frame later, for the scores, and another frame later, for the tokens: actions/hearing.ts says why. */
export const viewOfScores: Signal<Shown | null> = signal(null);
export const viewOfTokens: Signal<Shown | null> = signal(null);
export const beside: Signal<ShownBeside | null> = signal(null);
export const other: Signal<OtherRun | null> = signal(null);

/** The link that is being opened, until the bench is there or something else is wanted. */
export const opening: Signal<LinkState | null> = signal(null);

// What is asked for: controls change it and requests are made from it. Whatever says something of a model reads the view.
export const period: Signal<number> = signal(DEFAULTS.period);
export const own: Signal<string | null> = signal(null);
export const ablated: Signal<readonly HeadIndex[]> = signal([]);
export const kind: Signal<AblationKind> = signal('zero');
export const cuts: Signal<readonly PathInput[]> = signal([]);
export const viewed: Signal<number | null> = signal(null);
/** The number of the newest look that was asked for. */
export const request: Signal<number> = signal(0);

export const selected: Signal<HeadIndex | null> = signal(null);
export const cell: Signal<Cell | null> = signal(null);
export const speed: Signal<number> = signal(Number.POSITIVE_INFINITY);

export const audited: Signal<Audited | null> = signal(null);
export const judging: Signal<boolean> = signal(false);
export const notice: Signal<Notice | null> = signal(null);
/** What the settings panel says of an impossible setting. */
export const complaint: Signal<string | null> = signal(null);

/** The longest period of which two copies fit the context, behind a start token if there is one. */
export const longestPeriod = ({ nCtx, bos }: { nCtx: number; bos?: number }): number =>
  Math.floor((nCtx - (bos === undefined ? 0 : 1)) / 2);

/** The reader's own tokens as they are typed now; null for the probe. */
export const ownTokens: ReadonlySignal<ReturnType<typeof readTokens> | null> = computed(() =>
  own.value === null ? null : readTokens(own.value, run.value?.experiment.model ?? { dVocab: 64, nCtx: 50 }),
);

/** Whether something else is on its way than what is shown: a link that still trains, or a look without an answer. */
export const underWay: ReadonlySignal<boolean> = computed(
  () => opening.value !== null || (view.value !== null && view.value.look.request !== request.value),
);

/** The audit, while it is about the weights that are shown. */
export const currentAudit: ReadonlySignal<Audited | null> = computed(() =>
  audited.value && audited.value.fingerprint === view.value?.fingerprint ? audited.value : null,
);

/** True where the run on the bench is a checkpoint from a file. */
export const isLoaded: ReadonlySignal<boolean> = computed(() => Boolean(run.value?.file));

/** What stands on the bench, in words. */
export const runTitle: ReadonlySignal<string> = computed(() => (run.value ? titleOf(run.value) : ''));

export const sameHead = (a: HeadIndex, b: HeadIndex): boolean => a.layer === b.layer && a.head === b.head;
