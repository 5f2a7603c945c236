// The worker that owns the models: it may wait, the page may not. Threads of its own where the page is cross-origin
// isolated; otherwise this worker trains alone, and says so.
import { loadEngine, startInline, startWorkers } from '@induction-lab/core/browser';
import type { Message } from '../protocol.ts';
import { answering } from './answering.ts';
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
  ready.catch((error: Error) => post({ kind: 'trouble', sentence: error.message }));
  globalThis.onmessage = answering(ready, post);
}
