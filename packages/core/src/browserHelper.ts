// Worker entry in a browser: a helper that computes parts of forward passes. Its first message starts it, the others are orders.
import type { HelperStart } from './engine/helpers.ts';
import type { ForwardOrder } from './model/parallel/order.ts';
import { serveForward } from './model/parallel/serveForward.ts';

let carryOut: ((order: ForwardOrder) => void) | null = null;
globalThis.onmessage = ({ data }: MessageEvent<HelperStart | ForwardOrder>) => {
  if (carryOut) carryOut(data as ForwardOrder);
  else {
    carryOut = serveForward(data as HelperStart);
    globalThis.postMessage('ready');
  }
};
