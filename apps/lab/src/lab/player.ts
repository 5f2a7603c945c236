// Plays recorded frames of the run on the bench while the page trains the same run unseen. A frame has no weights: whatever
// needs them (breaking, another sequence, the audit, a download) waits until the page has trained as far, and the reader is
// told so. Then the trained run takes the frames' place.
import { batch, type Signal, signal } from '@preact/signals';
import type { Look, Mark, QuestionKind, Questions } from '../protocol.ts';
import type { RecordedFrame, RecordedRun, Recording } from '../recording.ts';
import { WorkerGone } from './client.ts';
import type { Connection } from './connection.ts';
import type { Notices } from './notices.ts';
import type { LabState, Played } from './state.ts';
import type { Wanting } from './wanted.ts';

/** Milliseconds for which a frame is shown. */
const FRAME = 300;

/** Questions about what is shown: they are answered from the frames, or need weights. */
const ABOUT: readonly QuestionKind[] = [
  'look',
  'control',
  'sweep',
  'marks',
  'resume',
  'audit',
  'prove',
  'exercise',
  'checkpoint',
  'metrics',
];
/** Questions that put something else on the bench. */
const ELSE: readonly QuestionKind[] = ['start', 'load', 'adopt'];

export type Player = ReturnType<typeof createPlayer>;

export function createPlayer(
  state: LabState,
  { connection, notices, wanting }: { connection: Connection; notices: Notices; wanting: Wanting },
) {
  const { client, unseen } = connection;
  const { progress, request, subject, view, wanted } = state;
  let timer: ReturnType<typeof setTimeout> | undefined;
  /** Settles when the frames under way have been played, or will not be. */
  let finish: () => void = () => {};
  /** Whether the page trains on to have the weights that somebody waits for. */
  const catchingUp: Signal<boolean> = signal(false);

  const stepsOf = ({ run }: Played): number[] => [...new Set(run.frames.map(({ step }) => step))];

  /** Shows a frame as the answer to a look. */
  function show(played: Played, frame: RecordedFrame, look: Partial<Look>): void {
    const seen = played.recording.view(frame);
    const { id } = subject.value!.run;
    connection.tell({ kind: 'view', run: id, view: { ...seen, look: { ...seen.look, ...look } }, beside: null });
  }

  /** Brings the run as far as a recorded step. */
  function advance(played: Played, step: number, status: 'playing' | 'paused'): void {
    const { run, losses } = subject.value!;
    const from = losses.length;
    const kept = stepsOf(played).filter((s) => s <= step);
    const { threads } = progress.value;
    const told = { run: run.id, step, status, stepsPerSecond: 0, threads, kept };
    connection.tell({ kind: 'progress', ...told, from, losses: played.run.losses.slice(from, step) });
  }

  function stop(): void {
    clearTimeout(timer);
    const played = subject.value?.played;
    if (played && progress.value.status === 'playing') advance(played, progress.value.step, 'paused');
    finish();
  }

  /** Plays from the step that is shown to the last one. */
  function playOn(played: Played): void {
    const steps = stepsOf(played);
    const last = steps.at(-1) as number;
    clearTimeout(timer);
    const tick = (): void => {
      if (subject.value?.played !== played || state.workerGone.value !== null) {
        finish();
        return;
      }
      const step = steps.find((s) => s > progress.value.step) ?? last;
      advance(played, step, step < last ? 'playing' : 'paused');
      const frame = played.run.frames.find((f) => f.step === step) as RecordedFrame;
      if (wanted.value.viewed === null) show(played, frame, { step: null, request: request.value });
      if (step < last) timer = setTimeout(tick, FRAME);
      else finish();
    };
    timer = setTimeout(tick, FRAME);
    advance(played, progress.value.step, 'playing');
  }

  const lastOf = ({ run }: Played): number => run.frames.at(-1)?.step ?? 0;

  /** The trained run takes the place of the frames, at the step that they had come to, and is looked at as is wanted now. */
  async function handOver(played: Played): Promise<void> {
    const before = view.value;
    const { step } = progress.value;
    connection.handOver();
    if (step < progress.value.step && wanted.value.viewed === null) wanting.want({ viewed: step });
    if (step < lastOf(played)) await client.ask('control', { action: 'pause' });
    if (view.value?.recorded) await client.ask('look', wanting.lookNow());
    const now = view.value;
    if (now && before && now.step === before.step && now.fingerprint !== before.fingerprint)
      notices.notify({
        tone: 'bad',
        text: 'The recording was of other weights than this page trains; what is shown now was trained here.',
      });
  }

  /** Waits until the weights of what is shown are at hand. Throws a WorkerGone where something else is wanted meanwhile. */
  async function trained(): Promise<void> {
    stop();
    const on = subject.value;
    const played = on?.played;
    if (!on || !played) return;
    const step = wanted.value.viewed ?? progress.value.step;
    if (unseen.value.step < step) {
      const text = `These frames are a recording: the page trains to step ${step} first, which has weights to work on.`;
      notices.notify({ tone: 'plain', text });
      catchingUp.value = true;
      await connection.trainedUnseen(step);
      catchingUp.value = false;
      if (state.notice.value?.text === text) notices.notify(null);
    }
    if (subject.value?.run.id !== on.run.id) throw new WorkerGone('something else is on the bench');
    await handOver(played);
  }

  const frameFor = ({ run }: Played, look: Look): RecordedFrame | undefined =>
    look.tokens || look.ablated.length + look.cuts.length > 0
      ? undefined
      : run.frames.find((f) => f.period === look.period && f.step === (look.step ?? progress.value.step));

  /** Answers from the recording, where it can; undefined where weights are needed. */
  function recorded<K extends QuestionKind>(kind: K, ask: Questions[K]['ask'], played: Played): unknown {
    if (kind === 'look') {
      const look = ask as Look;
      const frame = frameFor(played, look);
      if (!frame) return undefined;
      show(played, frame, { step: look.step, kind: look.kind, request: look.request ?? 0 });
      return null;
    }
    if (kind === 'sweep') {
      const frame = frameFor(played, (ask as Questions['sweep']['ask']).look);
      if (!frame) throw new WorkerGone('nobody trains for it'); // it is asked for without the reader
      return { ...frame.sweep, left: 0 };
    }
    if (kind === 'marks') {
      const { known } = ask as Questions['marks']['ask'];
      const fresh = ({ step }: Mark): boolean => step <= progress.value.step && !known.includes(step);
      return { run: subject.value!.run.id, marks: played.run.marks.filter(fresh), left: 0 };
    }
    if (kind === 'control') {
      const { action } = ask as Questions['control']['ask'];
      if (action === 'pause') stop();
      else if (action === 'play' && progress.value.step < lastOf(played)) playOn(played);
      else return undefined;
      return null;
    }
    return undefined;
  }

  /** Asks the worker, or the recording. */
  async function ask<K extends QuestionKind>(kind: K, what: Questions[K]['ask']): Promise<Questions[K]['answer']> {
    const played = subject.value?.played;
    if (!played) return client.ask(kind, what);
    const beside = kind === 'start' && (what as Questions['start']['ask']).keepOther; // the run itself is kept
    if (ELSE.includes(kind) && !beside) stop();
    if (!ABOUT.includes(kind) && !beside) return client.ask(kind, what);
    const answer = recorded(kind, what, played);
    if (answer !== undefined) return answer as Questions[K]['answer'];
    await trained();
    if (kind === 'look') return null; // it has been looked at when the run took over
    if (kind === 'control' && wanted.value.viewed !== null) {
      wanting.want({ viewed: null });
      await client.ask('look', wanting.lookNow());
    }
    return client.ask(kind, what);
  }

  return {
    client: { ask, restart: () => client.restart() } as Connection['client'],
    /** How far the run has been trained behind the frames. */
    unseen,
    catchingUp,

    /**
     * Plays the frames of a run that is on the bench and has not begun, which trains as far behind them. Resolves when the
     * last frame is shown, or when something else is wanted.
     */
    async playRecorded(recording: Recording, run: RecordedRun): Promise<void> {
      const played: Played = { recording, run };
      const finished = new Promise<void>((resolve) => {
        finish = resolve;
      });
      connection.hold(played);
      client.ask('control', { action: 'play', until: lastOf(played) }).catch(notices.report);
      batch(() => playOn(played));
      await finished;
      if (subject.value?.played !== played || progress.value.step < lastOf(played)) return;
      // The trained run takes over as soon as it is there; nobody waits for it, unless weights are needed.
      void connection.trainedUnseen(lastOf(played)).then(() => {
        if (subject.value?.played === played && !catchingUp.value && progress.value.step === lastOf(played))
          void handOver(played).catch(notices.report);
      });
    },
  };
}
