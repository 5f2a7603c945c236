// A lab without a page: its workers run in this thread, behind messages that are copied and come later, as a real
// worker's do. What a test holds back arrives when it says so.
import { type Engine, loadEngine, startInline } from '@induction-lab/core/node';
import type { LabWorker } from '../src/lab/client.ts';
import { createLab, type Lab } from '../src/lab/createLab.ts';
import type { Told } from '../src/protocol.ts';
import type { Viewport } from '../src/viewport.ts';
import { type Answerer, answering } from '../src/worker/answering.ts';
import { Bench } from '../src/worker/bench.ts';
import { KeptRuns, type Storage } from '../src/worker/keptRuns.ts';
import { type OpenEnsemble, Seeds } from '../src/worker/wall/seeds.ts';

export const engine: Engine = await loadEngine({ exact: true });

type Post = (message: { readonly kind: string }) => void;

class InProcessWorker {
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onerror: unknown = null;
  onmessageerror: unknown = null;
  ended = false;
  private readonly receive: (event: MessageEvent) => void;

  constructor(serve: (post: Post) => Answerer) {
    workers.push(this);
    const post: Post = (message) => this.send(message);
    this.receive = answering(Promise.resolve(serve(post)), post as (told: Told) => void) as typeof this.receive;
  }

  private send(message: unknown): void {
    const data = structuredClone(message);
    setTimeout(() => {
      if (!this.ended) this.onmessage?.({ data });
    });
  }

  postMessage(sent: unknown): void {
    const data = structuredClone(sent);
    setTimeout(() => {
      if (!this.ended) this.receive({ data } as MessageEvent);
    });
  }

  terminate(): void {
    this.ended = true;
  }
}

export const workers: InProcessWorker[] = [];

const asWorker = (serve: (post: Post) => Answerer): LabWorker => new InProcessWorker(serve) as unknown as LabWorker;

/** A page in which nothing is seen. */
const viewport: Viewport = { showPanel: () => {}, painted: () => new Promise((resolve) => setTimeout(resolve)) };

/** A database in memory, which a test may hand from one visit to the next. */
export function memoryStorage(): Storage & { readonly values: Map<string, unknown> } {
  const values = new Map<string, unknown>();
  return {
    values,
    get: async (name) => structuredClone(values.get(name)),
    set: async (entries) => {
      for (const [name, value] of entries) values.set(name, structuredClone(value));
    },
    delete: async (names) => {
      for (const name of names) values.delete(name);
    },
  };
}

/** A lab whose worker runs in this thread, with what earlier visits have kept. */
export const labInProcess = (storage: Storage = memoryStorage()): Lab =>
  createLab({
    worker: () =>
      asWorker((post) => {
        post({ kind: 'ready', isolated: false } as never);
        return new Bench(engine, { threads: 1, start: startInline() }, post, async () => new KeptRuns(storage));
      }),
    viewport,
  });

/** A worker of the wall that runs in this thread. */
export const wallWorker = (openEnsemble?: OpenEnsemble): LabWorker =>
  asWorker((post) => new Seeds(engine, post, openEnsemble));
