/**
 * The charts, and what they need in Node: a document to draw with, and PNG.
 * @module figures/node
 */

import { parseHTML } from 'linkedom';

export * from './index.ts';
export { svgToPng } from './svgToPng.ts';

/**
 * A document for `FigureOptions.document` where there is no browser. It holds no state of ours: one may serve any number of figures.
 * @returns An empty document.
 */
export function nodeDocument(): Document {
  return parseHTML('<!doctype html><html><body></body></html>').document as unknown as Document;
}
