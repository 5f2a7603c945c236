// The page's state and actions without a page: the worker's bench runs in this thread, behind messages that are copied
// and come later, as a real worker's do. What a test holds back arrives when it says so.
import { loadEngine, startInline } from '@induction-lab/core/node';
import type { Message, Question } from '../src/protocol.ts';
import { SEEN } from '../src/protocol.ts';
import { Bench } from '../src/worker/bench.ts';

const engine = await loadEngine({ exact: true });

class InProcessWorker {
  onmessage: ((event: { data: Message }) => void) | null = null;
  onerror: unknown = null;
  onmessageerror: unknown = null;
  private ended = false;
  private queue: Promise<unknown> = Promise.resolve();
  private readonly bench = new Bench(engine, { threads: 1, start: startInline() }, (message) => this.send(message));

  constructor() {
    workers.push(this);
    this.send({ kind: 'ready', isolated: false });
  }

  private send(message: Message): void {
    const data = structuredClone(message);
    setTimeout(() => {
      if (!this.ended) this.onmessage?.({ data });
    });
  }

  postMessage(sent: Question | typeof SEEN): void {
    const data = structuredClone(sent);
    if (data === SEEN) {
      setTimeout(() => this.bench.seen());
      return;
    }
    const { id, kind, ask } = data;
    this.queue = this.queue.then(async () => {
      await new Promise((resolve) => setTimeout(resolve));
      if (this.ended) return;
      try {
        this.send({ kind: 'answer', id, answer: await this.bench.answer(kind, ask) });
      } catch (error) {
        this.send({ kind: 'refusal', id, sentence: (error as Error).message });
      }
    });
  }

  terminate(): void {
    this.ended = true;
  }
}

export const workers: InProcessWorker[] = [];

const still = { matches: true, addEventListener: () => {} };
Object.assign(globalThis, {
  Worker: InProcessWorker,
  matchMedia: () => still,
  location: new URL('http://lab.test/'),
  document: { querySelector: () => null },
  requestAnimationFrame: (draw: () => void) => setTimeout(draw),
});
