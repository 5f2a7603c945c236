/** All threads meet here. They spin first, since waking from Atomics.wait costs tens of microseconds. */
export class Barrier {
  private readonly state: Int32Array;
  private readonly parties: number;
  private readonly spins: number;

  /** `state` is two shared integers: how many have arrived, and how often everybody has. */
  constructor(state: Int32Array, parties: number, spins = 20_000) {
    this.state = state;
    this.parties = parties;
    this.spins = spins;
  }

  meet(): void {
    if (this.parties === 1) return;
    const { state } = this;
    const round = Atomics.load(state, 1);
    if (Atomics.add(state, 0, 1) === this.parties - 1) {
      Atomics.store(state, 0, 0);
      Atomics.add(state, 1, 1);
      Atomics.notify(state, 1);
      return;
    }
    for (let i = 0; i < this.spins; i++) if (Atomics.load(state, 1) !== round) return;
    // A wake-up may come late, from the meeting before this one: look again.
    while (Atomics.load(state, 1) === round) Atomics.wait(state, 1, round);
  }
}
