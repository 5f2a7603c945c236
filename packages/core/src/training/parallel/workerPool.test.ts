// Threads that stop without a word, as a browser's workers may: whoever waits for them hears of it, and nobody waits for
// ever. The platform's part is played by threads that say nothing; the shared memory and the pool are the real ones.
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { referenceEngine } from '../../engine/engine.ts';
import { parseExperiment } from '../experiment.ts';
import { AbandonedError, Barrier } from './barrier.ts';
import { abandon, barrierOf, beatsOf, heartbeat, patienceOf } from './heartbeat.ts';
import { planTraining, type TrainingPlan } from './plan.ts';
import { type TrainingThread, workerPool } from './workerPool.ts';
import type { ThreadMessage } from './workerThread.ts';

const planFor = (threads: number): TrainingPlan =>
  planTraining(referenceEngine, {
    experiment: parseExperiment({
      name: 'tiny',
      model: {
        nLayers: 1,
        nHeads: 1,
        dModel: 4,
        dHead: 4,
        nCtx: 12,
        dVocab: 9,
        positions: 'none',
        normalization: null,
      },
      task: { kind: 'repeated', period: 4 },
      training: { steps: 4, batch: 4, learningRate: 0.01 },
    }),
    seed: 1,
    threads,
    segments: 3,
  }).plan;

/** A thread that says what the test makes it say. */
class Played implements TrainingThread {
  ended: boolean | null = null;
  orders = 0;
  say: (message: ThreadMessage) => void = () => {};
  die: (error: Error) => void = () => {};
  readonly startsWithin = 5;
  send(): void {
    this.orders++;
  }
  listen(onMessage: (message: ThreadMessage) => void, onDeath: (error: Error) => void): void {
    this.say = onMessage;
    this.die = onDeath;
  }
  async end(atRest: boolean): Promise<void> {
    this.ended = atRest;
  }
}

const settled = async (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    (value) => `resolved to ${JSON.stringify(value)}`,
    (error: Error) => error.message,
  );

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());
const seconds = (count: number): Promise<unknown> => vi.advanceTimersByTimeAsync(1000 * count);

describe('a pool', () => {
  async function started(): Promise<{
    plan: TrainingPlan;
    threads: [Played, Played];
    pool: Awaited<ReturnType<typeof workerPool>>;
  }> {
    const plan = planFor(2);
    const threads: [Played, Played] = [new Played(), new Played()];
    const starting = workerPool(plan, threads);
    for (const thread of threads) thread.say({ ready: true });
    return { plan, threads, pool: await starting };
  }

  test('hears of a thread that gives no sign of life while the other waits for it, and ends both', async () => {
    const { plan, threads, pool } = await started();
    const run = settled(pool.run(1, 4, () => {}));
    const waiting = heartbeat(plan, 0);
    for (let s = 0; s < 30; s++) {
      waiting.alive();
      await seconds(1);
    }
    expect(await run).toMatch(
      /^Training thread 1 has stopped without saying why \(no sign of life for \d seconds\); resume from the last checkpoint, or start again\.$/,
    );
    expect(threads.map(({ ended }) => ended)).toEqual([false, false]);
    expect(waiting.abandoned()).toBe(true);
    expect(await settled(pool.run(5, 6, () => {}))).toMatch(/^Training thread 1 has stopped/);
  });

  test('waits for threads that are slow but alive, and for as long as nobody looks', async () => {
    const { plan, threads, pool } = await started();
    const run = settled(pool.run(1, 4, () => {}));
    const pulses = [0, 1].map((thread) => heartbeat(plan, thread));
    for (let s = 0; s < 60; s++) {
      for (const pulse of pulses) pulse.alive();
      await seconds(4);
    }
    vi.setSystemTime(Date.now() + 9 * 3600 * 1000); // a night with the lid closed: no timer fires meanwhile
    await seconds(1);
    for (const thread of threads) thread.say({ lastStep: 4 });
    expect(await run).toBe('resolved to 4');
    await seconds(100); // nobody looks after a run that has ended
    expect(await settled(Promise.resolve(beatsOf(plan).length))).toBe('resolved to 2');
  });

  test('does not ask for signs of life of a thread that is through', async () => {
    const { plan, threads, pool } = await started();
    const run = settled(pool.run(1, 4, () => {}));
    threads[0].say({ lastStep: 4 });
    for (let s = 0; s < 20; s++) {
      heartbeat(plan, 1).alive();
      await seconds(1);
    }
    threads[1].say({ lastStep: 4 });
    expect(await run).toBe('resolved to 4');
  });

  test('hears of a thread that never starts', async () => {
    const threads = [new Played(), new Played()];
    const starting = settled(workerPool(planFor(2), threads));
    threads[0]!.say({ ready: true });
    await seconds(6);
    expect(await starting).toBe('Training thread 1 has not started within 5 seconds; start the run again.');
    expect(threads.map(({ ended }) => ended)).toEqual([false, false]);
  });

  test('hears of a death that is told, in one sentence with nothing in it that acts', async () => {
    const { threads, pool } = await started();
    const run = settled(pool.run(1, 4, () => {}));
    threads[1].die(new Error(`out of\u001b[2J memory\n${'x'.repeat(5000)}`));
    const message = await run;
    expect(message).toMatch(/^Training thread 1 failed: out of␛\[2J memory␊x+…$/);
    expect(message.length).toBeLessThan(400);
  });
});

test('patience is a few seconds, and more only where a sequence takes long', () => {
  const plan = planFor(1);
  expect(patienceOf(plan)).toBeLessThan(10);
  const model = { ...plan.experiment.model, nLayers: 4, dModel: 512, nHeads: 8, dHead: 64, nCtx: 256 };
  expect(patienceOf({ ...plan, experiment: { ...plan.experiment, model } })).toBeGreaterThan(15);
});

describe('a thread that waits in the barrier', () => {
  test('shows that it is there, and ends when the run is abandoned', () => {
    vi.useRealTimers();
    const plan = { ...planFor(2), memory: { buffer: new SharedArrayBuffer(1 << 20), grow: () => 0 }, control: 0 };
    const watch = heartbeat(plan, 1);
    let looks = 0;
    const meet = (): void =>
      barrierOf(plan, {
        alive: () => {
          watch.alive();
          if (++looks === 2) abandon(plan);
        },
        abandoned: watch.abandoned,
      }).meet();
    expect(meet).toThrow(AbandonedError);
    expect(beatsOf(plan)).toEqual([0, 2]);
  });

  test('passes when the others have come', () => {
    vi.useRealTimers();
    const state = new Int32Array(new SharedArrayBuffer(8));
    let looks = 0;
    const arrive = (): void => {
      if (++looks === 1) new Barrier(state, 2).meet();
    };
    new Barrier(state, 2, 0, { alive: arrive, abandoned: () => false }).meet();
    expect([...state]).toEqual([0, 1]);
  });
});
