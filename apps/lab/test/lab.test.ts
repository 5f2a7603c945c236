// The lab driven by hand: a worker that says only what the test lets it say, at the moment that hurts.
import { expect, test, vi } from 'vitest';
import { createLab, type Lab } from '../src/lab/createLab.ts';
import { aboutData, readOwnData } from '../src/lab/ownData.ts';
import { readLink } from '../src/link.ts';
import type { BenchRun, Message, Question } from '../src/protocol.ts';
import { SEEN } from '../src/protocol.ts';

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

function scripted(): { lab: Lab; workers: ScriptedWorker[]; worker: () => ScriptedWorker } {
  const workers: ScriptedWorker[] = [];
  const start = (): ScriptedWorker => {
    workers.push(new ScriptedWorker());
    return workers.at(-1) as ScriptedWorker;
  };
  const lab = createLab({ worker: start as never, viewport: { showPanel: () => {}, painted: settled } });
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
  expect([numbers.sequences, numbers.dVocab, numbers.nCtx, numbers.words.size]).toEqual([[[3, 1, 4, 1], [5, 9]], 10, 8, 0]);
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
