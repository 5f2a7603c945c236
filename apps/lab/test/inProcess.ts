// A lab without a page: the worker's bench runs in this thread, behind messages that are copied
// and come later, as a real worker's do. What a test holds back arrives when it says so.
import { loadEngine, startInline } from '@induction-lab/core/node';
import type { LabWorker } from '../src/lab/client.ts';
import { createLab, type Lab } from '../src/lab/createLab.ts';
import type { Message, Question } from '../src/protocol.ts';
import { SEEN } from '../src/protocol.ts';
import type { Viewport } from '../src/viewport.ts';
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

/** A page in which nothing is seen. */
const viewport: Viewport = { showPanel: () => {}, painted: () => new Promise((resolve) => setTimeout(resolve)) };

/** A lab whose worker runs in this thread. */
export const labInProcess = (): Lab =>
  createLab({ worker: () => new InProcessWorker() as unknown as LabWorker, viewport });
