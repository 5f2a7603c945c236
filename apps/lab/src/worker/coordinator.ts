// The worker that owns the models: it may wait, the page may not. Threads of its own where the page is cross-origin
// isolated; otherwise this worker trains alone, and says so.
import { loadEngine, startInline, startWorkers } from '@induction-lab/core/browser';
import { type Message, type Question, SEEN } from '../protocol.ts';
import { Bench } from './bench.ts';
import { showLife } from './showLife.ts';

/** More threads than this gain little on a batch of 64, and the page needs a core too. */
const MOST_THREADS = 4;

const post = (message: Message, transfer: Transferable[] = []): void => globalThis.postMessage(message, { transfer });

/** Serves the page's questions. `threadUrl` is the script of a training thread. */
export function serveLab(threadUrl: string): void {
  showLife(post);
  const isolated = globalThis.crossOriginIsolated === true;
  const threads = isolated ? Math.max(1, Math.min(MOST_THREADS, navigator.hardwareConcurrency || 1)) : 1;
  const ready = loadEngine({ exact: true, shared: isolated }).then((engine) => {
    post({ kind: 'ready', isolated });
    return new Bench(
      engine,
      { threads, start: isolated ? startWorkers({ workerUrl: threadUrl }) : startInline() },
      post,
    );
  });

  /** Questions are answered one after the other, in the order in which they came. */
  let queue: Promise<void> = ready.then(
    () => {},
    (error: Error) => post({ kind: 'trouble', sentence: error.message }),
  );
  globalThis.onmessage = ({ data }: MessageEvent<Question | typeof SEEN>) => {
    if (data === SEEN) {
      ready.then(
        (bench) => bench.seen(),
        () => {}, // told already
      );
      return;
    }
    const { id, kind, ask } = data;
    queue = queue.then(async () => {
      try {
        post({ kind: 'answer', id, answer: await (await ready).answer(kind, ask) });
      } catch (error) {
        post({ kind: 'refusal', id, sentence: error instanceof Error ? error.message : String(error) });
      }
    });
  };
}
