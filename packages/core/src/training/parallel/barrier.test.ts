// Real threads, since a barrier is about nothing else. They load the built module: Node 20 runs no TypeScript in workers.
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { Barrier } from './barrier.ts';

/** Threads that have lost each other wait for ever; then they are stopped, and their exit code is 1. */
const DEADLINE_MS = 20_000;

/**
 * Each thread says in `progress` which round it has reached, meets the others, and looks: after a meeting everybody has
 * reached this round, and nobody can be further than the next, since that takes another meeting. `faults` counts.
 */
const WORKER = `
const { workerData } = require('node:worker_threads');
const { barrierUrl, shared, thread, parties, rounds, spins } = workerData;
import(barrierUrl).then(({ Barrier }) => {
  const [state, progress, faults] = [0, 1, 2].map((i) => new Int32Array(shared, i * 256, 64));
  const barrier = new Barrier(state, parties, spins);
  for (let round = 1; round <= rounds; round++) {
    Atomics.store(progress, thread, round);
    barrier.meet();
    for (let other = 0; other < parties; other++) {
      const reached = Atomics.load(progress, other);
      if (reached !== round && reached !== round + 1) Atomics.add(faults, 0, 1);
    }
  }
  Atomics.add(progress, thread, 1);
});`;

/** Starts threads `from` to `parties` − 1 of `parties`, and gives what they share. */
function start(options: { parties: number; rounds: number; spins: number; from?: number }) {
  const { parties, from = 0 } = options;
  const shared = new SharedArrayBuffer(3 * 256);
  const barrierUrl = new URL('../../../dist/training/parallel/barrier.js', import.meta.url).href;
  const workers = Array.from({ length: parties - from }, (_, i) => {
    const workerData = { barrierUrl, shared, thread: from + i, ...options };
    return new Worker(WORKER, { eval: true, workerData });
  });
  const timer = setTimeout(() => Promise.all(workers.map((worker) => worker.terminate())), DEADLINE_MS);
  const exits = Promise.all(workers.map(async (worker) => (await once(worker, 'exit'))[0] as number));
  const [state, progress, faults] = [0, 1, 2].map((i) => new Int32Array(shared, i * 256, 64)) as [
    Int32Array,
    Int32Array,
    Int32Array,
  ];
  return { state, progress, faults, exitCodes: exits.finally(() => clearTimeout(timer)) };
}

const cases = [
  { parties: 2, rounds: 5000, spins: 20_000 },
  { parties: 3, rounds: 4000, spins: 100 },
  { parties: 5, rounds: 5000, spins: 0 }, // every meeting sleeps: the path of a thread that is late
];

test.for(cases)(
  '$parties threads that spin $spins times meet $rounds times, never early, never in vain',
  async (options) => {
    const { parties, rounds } = options;
    const { state, progress, faults, exitCodes } = start(options);
    const everyone = (value: number): number[] => new Array<number>(parties).fill(value);
    expect(await exitCodes, 'threads that wait for ever').toEqual(everyone(0));
    expect([...progress.subarray(0, parties)]).toEqual(everyone(rounds + 1));
    expect(faults[0], 'meetings left early').toBe(0);
    expect([...state.subarray(0, 2)]).toEqual([0, rounds]); // nobody waits, and everybody met this often
  },
);

test('a wake-up meant for the meeting before does not let a sleeping thread pass', async () => {
  // The last to arrive counts the round and then wakes the others. If it is held up between the two, the others may be
  // asleep in the next meeting already when its call comes.
  const { state, progress, exitCodes } = start({ parties: 2, rounds: 1, spins: 0, from: 1 });
  while (Atomics.notify(state, 1) === 0) await delay(1); // until it sleeps; this is the belated call
  await delay(50);
  expect(progress[1], 'rounds reached').toBe(1); // still in its only meeting: 2 would be past it
  new Barrier(state, 2).meet();
  expect(await exitCodes).toEqual([0]);
  expect(progress[1]).toBe(2);
});

test('one thread alone meets at once', () => {
  const state = new Int32Array(2);
  new Barrier(state, 1).meet();
  expect([...state]).toEqual([0, 0]);
});
