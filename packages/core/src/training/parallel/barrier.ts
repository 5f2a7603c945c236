/** What a thread does about the others while it waits for them. */
export interface BarrierWatch {
  /** Called each time the waiting thread wakes up: shows others that it is there. */
  alive(): void;
  /** Whether a thread is missing for good, so that the others must not wait for it. */
  abandoned(): boolean;
}

/** Raised in a thread that waits for others which will never come. */
export class AbandonedError extends Error {
  constructor() {
    super('another thread of this run has ended; start it anew or resume it.');
  }
}

/** Milliseconds after which a sleeping thread looks up: it shows that it is there, and whether the others are. */
const LOOK_UP = 500;

/** All threads meet here. They spin first, since waking from Atomics.wait costs tens of microseconds. */
export class Barrier {
  private readonly state: Int32Array;
  private readonly parties: number;
  private readonly spins: number;
  private readonly watch: BarrierWatch | null;

  /** `state` is two shared integers: how many have arrived, and how often everybody has. */
  constructor(state: Int32Array, parties: number, spins = 20_000, watch: BarrierWatch | null = null) {
    this.state = state;
    this.parties = parties;
    this.spins = spins;
    this.watch = watch;
  }

  /** Waits for the others. Throws an AbandonedError when one of them is missing for good. */
  meet(): void {
    if (this.parties === 1) return;
    const { state, watch } = this;
    const round = Atomics.load(state, 1);
    if (Atomics.add(state, 0, 1) === this.parties - 1) {
      Atomics.store(state, 0, 0);
      Atomics.add(state, 1, 1);
      Atomics.notify(state, 1);
      return;
    }
    for (let i = 0; i < this.spins; i++) if (Atomics.load(state, 1) !== round) return;
    // A wake-up may come late, from the meeting before this one: look again.
    while (Atomics.load(state, 1) === round) {
      if (watch?.abandoned()) throw new AbandonedError();
      Atomics.wait(state, 1, round, LOOK_UP);
      watch?.alive();
    }
  }
}
