// The lab driven by hand: a worker that says only what the test lets it say, at the moment that hurts.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { KERNELS_VERSION } from '@induction-lab/core/internal/kernels-version';
import { afterEach, expect, test, vi } from 'vitest';
import known from '../../../packages/core/test/unchanged/fixtures/weights.json' with { type: 'json' };
import { eventsOf, eventText, lossFall } from '../src/bench/events.ts';
import { roleOf } from '../src/bench/headRoles.ts';
import { createLab, type Lab } from '../src/lab/createLab.ts';
import { aboutData, readOwnData } from '../src/lab/ownData.ts';
import { readLink } from '../src/link.ts';
import type { BenchRun, HeadBars, Look, Mark, Message, Question } from '../src/protocol.ts';
import { SEEN } from '../src/protocol.ts';
import { type Recording, readRecording } from '../src/recording.ts';
import type { PresetName } from '../src/setting.ts';

class ScriptedWorker {
  onmessage: ((event: { data: Message }) => void) | null = null;
  onerror: ((event: { message: string; preventDefault(): void }) => void) | null = null;
  onmessageerror: (() => void) | null = null;
  readonly asked: Question[] = [];
  ended = false;

  postMessage(sent: Question | typeof SEEN): void {
    if (sent !== SEEN) this.asked.push(sent);
  }

  terminate(): void {
    this.ended = true;
  }

  say(message: Message): void {
    this.onmessage?.({ data: message });
  }

  /** The newest question of a kind that has no answer yet. */
  question(kind: Question['kind']): Question {
    const found = this.asked.findLast((question) => question.kind === kind);
    if (!found) throw new Error(`Nobody asked ${kind}.`);
    return found;
  }

  /** Answers a question, and lets whoever waits for it go on. */
  async answer({ id }: Question, answer: unknown): Promise<void> {
    this.say({ kind: 'answer', id, answer });
    await settled();
  }

  /** Answers everything but the starts of runs, which the test answers itself. */
  async answerRest(): Promise<void> {
    for (const question of this.asked.splice(0))
      if (question.kind === 'start') this.asked.push(question);
      else this.say({ kind: 'answer', id: question.id, answer: null });
    await settled();
  }
}

const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));

const file = readFileSync(fileURLToPath(new URL('../src/recording.bin', import.meta.url)));
const recorded: Recording = readRecording(gunzipSync(file));
afterEach(() => {
  vi.useRealTimers();
});

function scripted(): { lab: Lab; workers: ScriptedWorker[]; worker: () => ScriptedWorker } {
  const workers: ScriptedWorker[] = [];
  const start = (): ScriptedWorker => {
    workers.push(new ScriptedWorker());
    return workers.at(-1) as ScriptedWorker;
  };
  const lab = createLab({
    worker: start as never,
    viewport: { showPanel: () => {}, painted: settled },
    recording: async () => recorded,
  });
  return { lab, workers, worker: () => workers.at(-1) as ScriptedWorker };
}

const run = (id: number, seed: number): BenchRun => ({
  id,
  name: 'varied',
  experiment: { model: { nLayers: 2, nHeads: 4, nCtx: 50, dVocab: 64 }, training: { steps: 3000 } } as never,
  seed,
  parameters: 1,
  lnVocab: Math.log(64),
  segments: [],
  file: null,
});

const viewOf = (of: number, step: number, fingerprint: string): Message => ({
  kind: 'view',
  run: of,
  view: {
    step,
    fingerprint,
    look: { step: null, ablated: [], cuts: [], tokens: null, kind: 'zero', period: 17 },
  } as never,
  beside: null,
});

const progressOf = (of: number, step: number): Message => ({
  kind: 'progress',
  run: of,
  step,
  status: 'playing',
  stepsPerSecond: 10,
  threads: 1,
  from: 0,
  losses: [],
  kept: [0, step],
});

test('what is said of a run before it stands on the bench is shown with it; what is said of the one before never', async () => {
  const { lab, worker } = scripted();
  void lab.start({ preset: 'varied', seed: 1, turned: {} });
  await worker().answer(worker().question('start'), run(1, 1));
  void lab.start({ preset: 'varied', seed: 2, turned: {} });
  worker().say(progressOf(2, 4));
  worker().say(viewOf(2, 4, 'new'));
  expect([lab.step.value, lab.view.value]).toEqual([0, null]);
  await worker().answer(worker().question('start'), run(2, 2));
  expect([lab.step.value, lab.view.value?.fingerprint, lab.view.value?.setting.seed]).toEqual([4, 'new', 2]);
  worker().say(progressOf(1, 900)); // late
  worker().say(viewOf(1, 900, 'old'));
  expect([lab.step.value, lab.view.value?.fingerprint, lab.run.value?.seed]).toEqual([4, 'new', 2]);
});

test('a link that is overtaken while its run is being made changes neither controls nor the newer link', async () => {
  const { lab, worker } = scripted();
  void lab.open(readLink('preset=varied&seed=1&step=40&period=9&off=L0H0').state);
  await worker().answerRest();
  const first = worker().question('start');
  const newer = readLink('preset=varied&seed=2&step=10&period=11').state;
  void lab.open(newer);
  await worker().answerRest();
  const second = worker().question('start');
  expect(second).not.toBe(first);
  await worker().answer(first, run(1, 1));
  expect([lab.opening.value, lab.wanted.value.period, lab.wanted.value.ablated]).toEqual([newer, 11, []]);
  await worker().answer(second, run(2, 2));
  worker().say(progressOf(2, 10));
  await settled();
  expect([lab.opening.value, lab.run.value?.seed, lab.step.value]).toEqual([null, 2, 10]);
});

test('a death is told once, nothing that waited hangs, and another worker trains the same run again', async () => {
  const { lab, workers, worker } = scripted();
  const opened = lab.open(readLink('preset=varied&seed=5&step=40').state);
  await worker().answerRest();
  await worker().answer(worker().question('start'), run(1, 5));
  worker().say(progressOf(1, 7));
  worker().onerror?.({ message: 'out of memory', preventDefault: () => {} });
  await opened;
  expect([workers[0]?.ended, lab.status.value, lab.judging.value]).toEqual([true, 'failed', false]);
  expect(lab.notice.value?.text).toBe(
    'The training worker died: out of memory. What it had trained is gone; the same seed trains the same model again.',
  );
  lab.notify({ tone: 'plain', text: 'something else' });
  expect(lab.notice.value?.restart).toBe('worker'); // not covered
  void lab.revive();
  await worker().answerRest();
  expect([workers.length, lab.notice.value, lab.run.value]).toEqual([2, null, null]);
  const again = worker().question('start').ask as { seed: number; until: number };
  expect([again.seed, again.until]).toEqual([5, 40]);
});

test('the recording is of what this page trains, fits, and shows what the story tells', () => {
  expect(file.length).toBeLessThan(400_000);
  expect(recorded.kernels).toBe(KERNELS_VERSION);
  const [literal, picture] = recorded.runs;
  const at = (frames: typeof literal, step: number, period: number) =>
    frames!.frames.find((f) => f.step === step && f.period === period)!;
  expect(at(literal, known.literal.step, 25).fingerprint).toBe(known.literal.fingerprint);
  expect(recorded.runs.map((r) => [r.setting.preset, r.frames.at(-1)?.step, r.losses.length])).toEqual([
    ['literal', 300, 300],
    ['picture', 600, 600],
  ]);
  expect(at(literal, 300, 25).lossRepeat).toBeLessThan(0.1);
  for (let period = 17; period < 25; period++)
    expect(at(literal, 300, period).lossRepeat, String(period)).toBeGreaterThan(Math.log(64));
  expect(at(picture, 600, 17).lossRepeat).toBeLessThan(0.1);
  expect(at(picture, 600, 17).bars.map(roleOf).sort()).toEqual([
    'induction',
    'previous',
    ...Array.from({ length: 6 }, () => 'quiet'),
  ]);
  for (const { frames } of recorded.runs)
    for (const frame of frames) {
      const { patterns, control, tokens } = recorded.view(frame);
      const size = tokens.length;
      expect([patterns.length, control.length]).toEqual([8 * size * size, 8 * size * size]);
      for (const row of [0, size, 8 * size - 1]) {
        const sum = patterns.subarray(row * size, (row + 1) * size).reduce((a, b) => a + b, 0);
        expect(Math.abs(sum - 1)).toBeLessThan(size / 2 / 255);
      }
    }
});

const runOf = (id: number, preset: PresetName): BenchRun => ({
  ...run(id, 1),
  name: preset,
  segments: [{ name: 'repeat', title: 'repeat', predictable: true }] as never,
});

/** A lab that has come to the first screen. */
async function atTheBeginning(): Promise<ReturnType<typeof scripted>> {
  const made = scripted();
  const { lab, worker } = made;
  const { STAGE } = await import('../src/lab/story.ts');
  void lab.open(STAGE);
  await worker().answerRest();
  await worker().answer(worker().question('start'), runOf(1, 'literal'));
  await worker().answerRest();
  worker().asked.length = 0;
  return made;
}

test('the story’s frames move at once while the worker trains unseen, and the trained run takes their place', async () => {
  const { lab, worker } = await atTheBeginning();
  vi.useFakeTimers();
  void lab.tellOn();
  await vi.advanceTimersByTimeAsync(2000);
  expect(lab.chapter.value).toBe('learning');
  expect(worker().question('control').ask).toEqual({ action: 'play', until: 300 });
  expect(lab.view.value).toMatchObject({ step: 60, recorded: true });
  worker().say(progressOf(1, 20));
  worker().say(viewOf(1, 20, 'behind'));
  expect([lab.step.value, lab.unseen.value.step, lab.view.value?.step]).toEqual([60, 20, 60]);
  await vi.advanceTimersByTimeAsync(4000);
  expect([lab.chapter.value, lab.step.value, lab.subject.value?.losses.length]).toEqual(['learned', 300, 300]);
  // The period is moved, the timeline scrubbed, on frames alone.
  worker().asked.length = 0;
  void lab.tellOn();
  await vi.advanceTimersByTimeAsync(3000);
  expect([lab.chapter.value, lab.view.value?.period, lab.view.value?.fingerprint]).toEqual(['moved', 17, 'c5c5e2c1']);
  lab.change({ period: 25, viewed: 100 });
  await vi.advanceTimersByTimeAsync(10);
  expect(lab.view.value).toMatchObject({ step: 100, fingerprint: known.literal.fingerprint });
  expect([lab.underWay.value, worker().asked.length]).toEqual([false, 0]);
  lab.change({ viewed: null });
  await vi.advanceTimersByTimeAsync(10);
  // The same bits, trained here.
  worker().say({ ...progressOf(1, 300), status: 'paused' } as Message);
  await vi.advanceTimersByTimeAsync(10);
  expect([lab.subject.value?.played, worker().question('look').ask]).toMatchObject([undefined, { period: 25 }]);
});

test('breaking a frame trains as far first and says so; then what was asked is looked at, of the step that was shown', async () => {
  const { lab, worker } = await atTheBeginning();
  vi.useFakeTimers();
  void lab.tellOn();
  await vi.advanceTimersByTimeAsync(6000);
  lab.change({ viewed: 90 });
  await vi.advanceTimersByTimeAsync(10);
  worker().say(progressOf(1, 40));
  lab.toggleAblation({ layer: 0, head: 2 });
  await vi.advanceTimersByTimeAsync(10);
  expect(lab.notice.value?.text).toMatch(/are a recording: the page trains to step 90 first/);
  expect(worker().asked.map(({ kind }) => kind)).not.toContain('look');
  expect(lab.underWay.value).toBe(true);
  worker().say(progressOf(1, 95));
  await vi.advanceTimersByTimeAsync(10);
  const look = worker().question('look').ask as Look;
  expect(look).toMatchObject({ ablated: [{ layer: 0, head: 2 }], step: 90 });
  expect([lab.notice.value, lab.step.value, lab.subject.value?.played]).toEqual([null, 95, undefined]);
});

test('a run that fails behind the frames is shown as it is; without a recording the story trains', async () => {
  const { lab, worker } = await atTheBeginning();
  vi.useFakeTimers();
  void lab.tellOn();
  await vi.advanceTimersByTimeAsync(1500);
  worker().say({ ...progressOf(1, 7), status: 'failed' } as Message);
  await vi.advanceTimersByTimeAsync(1000);
  expect([lab.status.value, lab.step.value, lab.chapter.value]).toEqual(['failed', 7, 'begin']);
});

test('kept steps are played backwards, and stop where something else is wanted', async () => {
  const { lab, worker } = await atTheBeginning();
  worker().say({ ...progressOf(1, 30), status: 'paused', kept: [0, 10, 20, 30] } as Message);
  vi.useFakeTimers();
  const seen: (number | null)[] = [];
  const look = (): void => {
    const { step, request } = worker().question('look').ask as Look;
    seen.push(step);
    const message = viewOf(1, step ?? 30, String(step)) as Extract<Message, { kind: 'view' }>;
    worker().say({ ...message, view: { ...message.view, look: { ...message.view.look, step, request: request! } } });
    void worker().answerRest();
  };
  lab.rewind();
  for (let i = 0; i < 3; i++) {
    await vi.advanceTimersByTimeAsync(50);
    look();
    await vi.advanceTimersByTimeAsync(200);
  }
  expect([seen, lab.rewinding.value]).toEqual([[20, 10, 0], false]);
});

test('the sweep is asked for in slices while the bench rests, and shown only while it is of what is shown', async () => {
  const { lab, worker } = await atTheBeginning();
  vi.useFakeTimers();
  worker().say(viewOf(1, 0, 'first'));
  lab.request.value = 0;
  const request = 0;
  const say = (fingerprint: string, ablated: Look['ablated'] = []): void => {
    const message = viewOf(1, 0, fingerprint) as Extract<Message, { kind: 'view' }>;
    worker().say({ ...message, view: { ...message.view, look: { ...message.view.look, ablated, request } } });
  };
  say('first');
  await vi.advanceTimersByTimeAsync(300);
  expect(worker().question('sweep').ask).toMatchObject({ from: 2, look: { step: 0, period: 17 } });
  void worker().answer(worker().question('sweep'), { losses: [4, 3], fingerprint: 'first', left: 1 });
  await vi.advanceTimersByTimeAsync(20);
  expect([worker().question('sweep').ask, lab.sweep.value]).toMatchObject([{ from: 4 }, null]);
  void worker().answer(worker().question('sweep'), { losses: [2], fingerprint: 'first', left: 0 });
  await vi.advanceTimersByTimeAsync(20);
  expect(lab.sweep.value?.losses).toEqual([4, 3, 2]);
  say('first', [{ layer: 0, head: 0 }]);
  expect(lab.sweep.value).toBe(null);
  say('first');
  expect(lab.sweep.value?.losses).toEqual([4, 3, 2]);
  say('other');
  expect(lab.sweep.value).toBe(null);
});

const quiet = (label: string): HeadBars => ({
  ...{ layer: Number(label[1]), head: Number(label[3]), label, previousToken: 0, induction: 0 },
  control: 0,
  excess: 0,
  offset: 0,
});
const mark = (step: number, part: Partial<Mark>, ...bars: HeadBars[]): Mark => ({
  ...{ step, bars, intact: 4, withoutKeys: 4 },
  ...part,
});

test('events are computed: a loss that fell for five steps, a role that was kept since, a path without which it is unsolved', () => {
  const about = { segments: runOf(1, 'literal').segments, lnVocab: Math.log(64) };
  const losses = [4, 4, 4, 1, 4, 4, 1, 1, 1, 1, 1, 4].map((repeat, i) => ({ step: i + 1, segments: { repeat } }));
  expect(lossFall(losses, about)).toBe(10);
  expect(lossFall(losses.slice(0, 8), about)).toBe(null);
  const seen = { ...quiet('L0H1'), previousToken: 0.9 };
  const follows = { ...quiet('L1H0'), excess: 0.8 };
  const marks = [
    mark(0, {}, quiet('L0H1'), quiet('L1H0')),
    mark(10, {}, seen, quiet('L1H0')),
    mark(20, {}, quiet('L0H1'), quiet('L1H0')), // not for good
    mark(30, { intact: 1, withoutKeys: 1 }, seen, follows),
    mark(40, { intact: 1, withoutKeys: 3 }, seen, follows),
  ];
  const events = eventsOf(losses, marks, about);
  expect(events.map(({ kind, step, after }) => [kind, step, after])).toEqual([
    ['loss', 10, 9],
    ['head', 30, 20],
    ['path', 40, 30],
  ]);
  expect(events.map((event) => eventText(event, false))).toEqual(['loss falls', '2 heads appear', 'K path appears']);
  expect(eventText(events[1]!, true)).toBe('L0H1 previous token, L1H0 induction appears');
  // What was there from the first mark on did not appear.
  expect(eventsOf([], [mark(0, {}, seen), mark(10, {}, seen)], about)).toEqual([]);
});

test('Undo brings back what was shown before a button changed it, the latest first; nothing shown is nothing to remember', async () => {
  const { lab, worker } = scripted();
  expect([lab.remember(), lab.former.value]).toEqual([null, []]);
  void lab.start({ preset: 'varied', seed: 1, turned: {} });
  await worker().answer(worker().question('start'), run(1, 1));
  worker().say(progressOf(1, 7));
  worker().say(viewOf(1, 7, 'seven'));
  const first = lab.remember();
  void lab.open(readLink('preset=literal&seed=1&step=10').state);
  await worker().answerRest();
  await worker().answer(worker().question('start'), run(2, 1));
  worker().say(progressOf(2, 10));
  worker().say(viewOf(2, 10, 'ten'));
  await settled();
  lab.remember();
  expect(lab.former.value.map(({ link }) => [link.setting.preset, link.step])).toEqual([
    ['varied', 7],
    ['literal', 10],
  ]);
  void lab.bringBack(first as number);
  await worker().answerRest();
  const again = worker().question('start').ask as { experiment: { name: string }; until: number };
  expect([again.experiment.name, again.until, lab.former.value]).toEqual(['varied', 7, []]);
  expect(await lab.bringBack(99)).toBe(false);
});

test('a state of the lesson that cannot be had is trained; one that is refused, too', async () => {
  const link = readLink('preset=literal&seed=1&step=400&period=25').state;
  const asked: boolean[] = [];
  for (const response of [new Response('', { status: 404 }), new Response('no model')]) {
    vi.stubGlobal('fetch', () => Promise.resolve(response.clone()));
    const { lab, worker } = scripted();
    void lab.open(link);
    await worker().answerRest();
    const { ask, id } = worker().question('start') as { id: number; ask: { fetched: unknown; until: number } };
    asked.push(ask.fetched !== null);
    if (ask.fetched !== null) {
      worker().say({ kind: 'refusal', id, sentence: 'literal-400.safetensors is of other kernels.' });
      await settled();
    }
    const trained = worker().question('start').ask as { fetched: unknown; until: number };
    expect([trained.fetched, trained.until, lab.complaint.value]).toEqual([null, 400, null]);
  }
  expect(asked).toEqual([false, true]);
  vi.unstubAllGlobals();
});

test('own data: lines of numbers are sequences, a text is its words, and one sentence says what is wrong', () => {
  const numbers = readOwnData('[3, 1, 4, 1]\n5 9\n\n7', 'pi.jsonl');
  expect([numbers.sequences, numbers.dVocab, numbers.nCtx, numbers.words.size]).toEqual([
    [
      [3, 1, 4, 1],
      [5, 9],
    ],
    10,
    8,
    0,
  ]);
  const words = readOwnData('A b, a b. A c', 'text');
  expect([words.sequences, [...words.words.values()]]).toEqual([[[0, 1, 2, 0, 1, 3, 0, 4]], ['a', 'b', ',', '.', 'c']]);
  expect(aboutData(words)).toBe('text: 1 sequence of 8 tokens, 5 different words.');
  const long = readOwnData(Array.from({ length: 130 }, (_, i) => `w${i}`).join(' '), 'long');
  expect(long.sequences.map((s) => s.length)).toEqual([50, 50, 30]);
  const many = readOwnData(Array.from({ length: 3000 }, (_, i) => `w${i}`).join(' '), 'many');
  expect([many.dVocab, many.words.get(1023)]).toEqual([1024, '⟨rare⟩']);
  expect(readOwnData('1 2', 'a').hash).not.toBe(readOwnData('1 3', 'a').hash);
  for (const [text, sentence] of [
    ['  ', /^There is nothing to train on yet/],
    ['1\n2', /^No line of x has two numbers/],
    ['1 5000', /^x has the token 5000, and this page trains on tokens from 0 to 1023/],
    ['word', /^x has fewer than two words/],
    ['a '.repeat(1_000_001), /^x has 2,000,002 letters, and this page reads 2,000,000/],
  ] as const)
    expect(() => readOwnData(text, 'x'), text.slice(0, 9)).toThrow(sentence);
});

test('a story whose run has left the bench begins anew: nothing of it is told of another model', async () => {
  const { lab, worker } = await atTheBeginning();
  vi.useFakeTimers();
  void lab.tellOn();
  await vi.advanceTimersByTimeAsync(6500);
  expect(lab.chapter.value).toBe('learned');
  vi.useRealTimers();
  void lab.start({ preset: 'varied', seed: 1, turned: {} });
  await worker().answer(worker().question('start'), runOf(2, 'varied'));
  expect([lab.run.value?.id, lab.chapter.value]).toEqual([2, 'begin']);
});
