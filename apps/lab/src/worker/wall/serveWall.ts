// A worker of the wall of seeds: one thread, and memory of its own, so that it needs no cross-origin isolation.
import { loadEngine } from '@induction-lab/core/browser';
import type { Told } from '../../protocol.ts';
import type { WallMessage } from '../../wallProtocol.ts';
import { answering } from '../answering.ts';
import { showLife } from '../showLife.ts';
import { Seeds } from './seeds.ts';

const post = (message: WallMessage | Told, transfer: Transferable[] = []): void =>
  globalThis.postMessage(message, { transfer });

/** What receives the page's messages. */
export function serve(): (event: MessageEvent) => void {
  showLife(post);
  const ready = loadEngine({ exact: true, shared: false }).then((engine) => new Seeds(engine, post));
  return answering(ready, post);
}
