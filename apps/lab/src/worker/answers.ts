// What is measured of the model on the bench when it is asked for: verdict and proof, exercises, its texts, its file.
import { type AuditRecord, audit, encodeCheckpoint, headMarks, mapPicture, prove } from '@induction-lab/core/browser';
import type { AuditAnswer, LanguageAnswer, Look, Questions, RandomOff } from '../protocol.ts';
import { checkExercise } from './exercises.ts';
import { loadStep, type Subject, viewOf } from './subject.ts';

/** The audit of the weights that are loaded, measured once. */
function auditOf(subject: Subject, fingerprint: string): AuditRecord {
  if (subject.audited?.fingerprint !== fingerprint)
    subject.audited = { fingerprint, record: audit(subject.model, { sequences: 32 }) };
  return subject.audited.record;
}

/** The verdict on a step, with or without the proof of its circuit. */
export function verdictOn(subject: Subject, step: number | null, wanted: { proof: boolean }): AuditAnswer {
  const at = loadStep(subject, step);
  const record = auditOf(subject, at.fingerprint);
  const proof = wanted.proof ? prove(subject.model, { audit: record, sequences: 48 }) : null;
  return {
    ...at,
    record,
    map: mapPicture(record),
    proof,
    marks: [...headMarks({ audit: record, ...(proof ? { proof } : {}) })],
  };
}

/** Whether an exercise is solved by what is shown. Throws an Error for a model that reads texts. */
export function judgeExercise(
  subject: Subject,
  { name, answer }: Questions['exercise']['ask'],
): Questions['exercise']['answer'] {
  if (subject.loaded?.reader)
    throw new Error('The exercises are about the models of this lesson: set the bench up first.');
  const at = loadStep(subject, answer.look.step);
  const { model, info } = subject;
  const judged = (): AuditRecord => auditOf(subject, at.fingerprint);
  return { ...checkExercise(name, { model, experiment: info.experiment, audit: judged }, answer), ...at };
}

/** The weights of a step as a file. */
export function checkpointOf(subject: Subject, at: number | null): Questions['checkpoint']['answer'] {
  const { step } = loadStep(subject, at);
  const { seed, name, experiment, file } = subject.info;
  const metadata: Record<string, string> = file
    ? { ...file.metadata }
    : { step: String(step), seed: String(seed), experiment: name };
  const bytes = encodeCheckpoint(experiment.model, subject.model.getWeights(), metadata);
  return { bytes, step, run: subject.info };
}

/** The verdict on a model that reads texts. Throws an Error for another one. */
export function verdictOnTexts({ model, loaded }: Subject): LanguageAnswer {
  if (!loaded?.reader) throw new Error('This model reads no texts; audit it.');
  return { record: loaded.reader.audit(model), fingerprint: loaded.fingerprint };
}

/** What switching off as many heads by chance does to the text that is shown. Throws an Error for a model that reads none. */
export function randomOffIn(subject: Subject, look: Look): RandomOff {
  if (!subject.loaded?.reader) throw new Error('This is asked of a model that reads texts.');
  return subject.loaded.reader.randomOff(subject.model, viewOf(subject, look, null));
}
