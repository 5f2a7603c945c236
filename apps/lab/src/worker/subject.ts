// What stands on the bench, as the worker knows it: a run, or a checkpoint from a file, with what has been measured of it.
import type { AuditRecord, Model } from '@induction-lab/core/browser';
import type { BenchRun, Look, View } from '../protocol.ts';
import { barsOf, fingerprintOf, lookAt } from './look.ts';
import type { Loaded } from './openedFile.ts';
import type { Run } from './run.ts';

/** Sequences behind the live scores: fewer while training, since the threads wait for them. */
export const LIVE_SEQUENCES = 4;
export const RESTING_SEQUENCES = 16;

export interface Subject {
  readonly id: number;
  readonly info: BenchRun;
  /** Null for a model from a file. */
  readonly run: Run | null;
  readonly loaded: Loaded | null;
  readonly model: Model;
  scored: ({ fingerprint: string; sequences: number } & Pick<View, 'bars' | 'chance'>) | null;
  audited: { fingerprint: string; record: AuditRecord } | null;
  /** Records that the page has. */
  sent: number;
}

/** Sets the model to the weights of a step (the newest at or before it that is kept); returns that step. */
export function loadStep(subject: Subject, step: number | null): { step: number; fingerprint: string } {
  const { run, loaded, model } = subject;
  if (loaded) return { step: 0, fingerprint: loaded.fingerprint }; // its weights never change
  const wanted = step === null || !run ? (run?.step ?? 0) : step;
  const at = run
    ? (run
        .keptSteps()
        .filter((k) => k <= wanted)
        .pop() ?? run.keptSteps()[0]!)
    : 0;
  const weights = run?.weightsAt(at);
  if (!weights) throw new Error(`Step ${at} is not kept; choose one of the marks on the timeline.`);
  model.setWeights(weights);
  return { step: at, fingerprint: fingerprintOf(weights) };
}

/** A look at a step; scores are measured anew only where the weights, or how well they are to be known, have changed. */
export function viewOf(subject: Subject, look: Look, step: number | null): View {
  const at = loadStep(subject, step);
  const sequences = subject.run?.status === 'playing' ? LIVE_SEQUENCES : RESTING_SEQUENCES;
  let { scored } = subject;
  if (scored?.fingerprint !== at.fingerprint || scored.sequences < sequences)
    scored = { fingerprint: at.fingerprint, sequences, ...barsOf(subject.model, sequences) };
  subject.scored = scored;
  const { bars, chance } = scored;
  const { model, loaded } = subject;
  const reader = loaded?.reader;
  if (!reader) return lookAt(model, look, { ...at, bars, chance });
  const view = lookAt(model, reader.look(look, model.config), { ...at, bars, chance });
  return { ...view, words: reader.words(view, model.config) };
}
