// Real threads, since a barrier is about nothing else. They load the built module: Node 20 runs no TypeScript in workers.
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { Barrier } from './barrier.ts';

const ROUNDS = 2000;

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
});`;

const cases = [
  { parties: 2, spins: 20_000 },
  { parties: 3, spins: 100 },
  { parties: 5, spins: 0 }, // every meeting sleeps: the path of a thread that is late
];

test.for(cases)('$parties threads that spin $spins times never pass a meeting early and never miss one', async (options) => {
  const shared = new SharedArrayBuffer(3 * 256);
  const barrierUrl = new URL('../../dist/engine/barrier.js', import.meta.url).href;
  const workers = Array.from({ length: options.parties }, (_, thread) => {
    const workerData = { barrierUrl, shared, thread, rounds: ROUNDS, ...options };
    return new Worker(WORKER, { eval: true, workerData });
  });
  const exits = await Promise.all(workers.map((worker) => once(worker, 'exit')));
  expect(exits.flat()).toEqual(new Array(options.parties).fill(0));
  const [state, progress, faults] = [0, 1, 2].map((i) => new Int32Array(shared, i * 256, 64));
  expect([...progress!.subarray(0, options.parties)]).toEqual(new Array(options.parties).fill(ROUNDS));
  expect(faults![0]).toBe(0);
  expect([...state!.subarray(0, 2)]).toEqual([0, ROUNDS]); // nobody waits, and everybody met this often
});

test('one thread alone meets at once', () => {
  const state = new Int32Array(2);
  new Barrier(state, 1).meet();
  expect([...state]).toEqual([0, 0]);
});
