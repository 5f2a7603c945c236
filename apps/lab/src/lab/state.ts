// What the lab shows, as signals. The worker owns the models; what can be done stands beside, a file a matter.
import { computed, type ReadonlySignal, type Signal, signal } from '@preact/signals';
import { DEFAULTS, type LinkState, type Wanted } from '../link.ts';
import type { OwnTokens } from '../ownTokens.ts';
import {
  type AuditAnswer,
  type BenchRun,
  type HeadIndex,
  type LanguageAnswer,
  type Losses,
  type Mark,
  MOST_SEEN,
  type RunStatus,
  type View,
} from '../protocol.ts';
import type { RecordedRun, Recording } from '../recording.ts';
import type { Setting } from '../setting.ts';
import { titleOf } from '../viewText.ts';
import { readOwn } from './readOwn.ts';

/** A cell of the attention patterns, and the head on which it was pointed at. */
export interface Cell {
  readonly query: number;
  readonly key: number;
  readonly head: number | null;
}

export type Audited = Omit<AuditAnswer, 'marks'> & { readonly marks: ReadonlyMap<string, string> };

/** How far a run has come. */
export interface Progress {
  readonly step: number;
  readonly status: RunStatus;
  readonly stepsPerSecond: number;
  /** Threads that train it. */
  readonly threads: number;
  /** Steps whose weights are kept. */
  readonly kept: readonly number[];
}

/** What is on the bench: a run, or a checkpoint from a file. It is replaced as a whole, and what it said goes with it. */
export interface Subject {
  readonly run: BenchRun;
  readonly setting: Setting;
  readonly progress: Progress;
  /** The losses so far: the array grows in place, and every growth makes a new Subject. */
  readonly losses: readonly Losses[];
  /** While recorded frames of this run are shown in place of the run itself (player.ts). */
  readonly played?: Played | undefined;
  /** What has been measured of its kept steps, in their order. */
  readonly marks?: readonly Mark[];
}

/** A run of a recording. */
export interface Played {
  readonly recording: Recording;
  readonly run: RecordedRun;
}

/** A head that the reader takes for the one that copies, in a run. */
export interface Guessed {
  readonly head: HeadIndex;
  readonly run: number;
  /** The step at which it was guessed. */
  readonly step: number;
}

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

/** The longest period of which two copies fit the context, behind a start token if there is one. */
export const longestPeriod = ({ nCtx, bos }: { nCtx: number; bos?: number }): number =>
  Math.floor((Math.min(nCtx, MOST_SEEN) - (bos === undefined ? 0 : 1)) / 2);

export const sameHead = (a: HeadIndex, b: HeadIndex): boolean => a.layer === b.layer && a.head === b.head;

const AT_REST: Progress = { step: 0, status: 'paused', stepsPerSecond: 0, threads: 1, kept: [0] };

/** The state of a lab in which nothing has happened. */
export type LabState = ReturnType<typeof createState>;

export function createState() {
  const subject: Signal<Subject | null> = signal(null);
  /** Why there is no worker any more; null while it lives. */
  const workerGone: Signal<string | null> = signal(null);
  const view: Signal<Shown | null> = signal(null);
  const beside: Signal<ShownBeside | null> = signal(null);
  const wanted: Signal<Wanted> = signal(DEFAULTS);
  const opening: Signal<LinkState | null> = signal(null);
  const request: Signal<number> = signal(0);
  const audited: Signal<Audited | null> = signal(null);

  const currentAudit: ReadonlySignal<Audited | null> = computed(() =>
    audited.value && audited.value.fingerprint === view.value?.fingerprint ? audited.value : null,
  );
  /** Whether the reader wants to see at once what patterns look like. */
  const rolesShown: Signal<boolean> = signal(false);
  const run = computed(() => subject.value?.run ?? null);
  const progress = computed(() => subject.value?.progress ?? AT_REST);
  const setting = computed(() => subject.value?.setting ?? DEFAULTS.setting);
  /** Whether what is on the bench is given texts in words. */
  const readsText = computed(() => run.value?.file?.readsText === true);
  const languageAnswer: Signal<LanguageAnswer | null> = signal(null);
  const ownTokens = computed<OwnTokens | null>(() => {
    const { own } = wanted.value;
    if (own === null || readsText.value) return null;
    return readOwn(own, setting.value, run.value?.experiment.model ?? { dVocab: 64, nCtx: 50 });
  });

  return {
    subject,
    workerGone,
    run,
    progress,
    setting,
    step: computed(() => progress.value.step),
    status: computed<RunStatus>(() => (workerGone.value === null ? progress.value.status : 'failed')),
    /** True where a checkpoint from a file is on the bench. */
    isLoaded: computed(() => Boolean(run.value?.file)),
    /** True while the weights on the bench were fetched in place of being trained. */
    isFetched: computed(
      () =>
        run.value?.fetched !== undefined &&
        progress.value.step === run.value.fetched &&
        progress.value.kept.length === 1,
    ),
    /** Why no link brings back what stands on the bench; null where one does. */
    noLink: computed(() =>
      run.value?.file && !run.value.file.shipped
        ? 'it was loaded from a file, which a link cannot bring along.'
        : setting.value.data && !run.value?.file
          ? 'it is trained on your own data, which a link cannot bring along.'
          : (run.value?.noLink ?? null),
    ),
    /** What stands on the bench, in words. */
    runTitle: computed(() => (run.value ? titleOf(run.value) : '')),
    /** Whether the page may have threads; null until the worker has said so. */
    isolated: signal<boolean | null>(null),

    view,
    /** The views as functions that stay the same, so that canvases keep the effects that read them. */
    mainView: (): View | null => view.value,
    besideView: (): View | null => beside.value,
    /** The same view a frame later, for the scores, and another frame later, for the tokens: connection.ts says why. */
    viewOfScores: signal<Shown | null>(null),
    viewOfTokens: signal<Shown | null>(null),
    other: signal<OtherRun | null>(null),
    beside,

    /** What is asked for: controls change it and requests are made from it. Whatever says something of a model reads the view. */
    wanted,
    /** The number of the newest look that was asked for. */
    request,
    /** The link that is being opened, until the bench is there or something else is wanted. */
    opening,
    /** Whether something else is on its way than what is shown: a link that still trains, or a look without an answer. */
    underWay: computed(
      () => opening.value !== null || (view.value !== null && view.value.look.request !== request.value),
    ),
    readsText,
    /** The reader's own tokens as they are typed now; null for the probe, and for a text that the worker reads. */
    ownTokens,
    /** Whether a sequence of the reader's own takes the place of the probe. */
    ownSeen: computed(() => (readsText.value ? wanted.value.own !== null : (ownTokens.value?.tokens.length ?? 0) > 0)),
    /** What of the reader's own sequence could not be taken; null where there is nothing to say. */
    ownComplaint: computed<string | null>(() => {
      const { own } = wanted.value;
      if (own === null) return null;
      const typed = view.value?.look.typed;
      if (readsText.value) return typed?.text === own ? (typed.complaint ?? null) : null;
      if (ownTokens.value) return ownTokens.value.complaint;
      return `Type two tokens or more${view.value?.look.tokens ? '' : '; until then the probe stays'}.`;
    }),
    speed: signal(Number.POSITIVE_INFINITY),

    selected: signal<HeadIndex | null>(null),
    cell: signal<Cell | null>(null),
    /** The head, by its index in the view, that is pointed at as a whole. */
    pointedHead: signal<number | null>(null),

    audited,
    /** The audit, while it is about the weights that are shown. */
    currentAudit,
    rolesShown,
    /** Whether what heads are taken for is to be seen: when it was asked for, or when the audit was. */
    rolesSeen: computed(() => rolesShown.value || currentAudit.value !== null),
    guess: signal<Guessed | null>(null),
    judging: signal(false),
    /** The audit of a language model. */
    languageAnswer,
    /** The same, while it is about the weights that are shown. */
    currentAnswer: computed(() =>
      languageAnswer.value?.fingerprint === view.value?.fingerprint ? languageAnswer.value : null,
    ),
    notice: signal<Notice | null>(null),
    /** Why a setting was refused, for the panel of settings. */
    complaint: signal<string | null>(null),
  };
}
