// The way from tokens to logits, in functions of WGSL.
import type { Layout } from '../layout.ts';
import { each, inScratch, inTile, SYNC } from './pieces.ts';
import { eachInput, placesOf, plusBias, read, unembeddingOf } from './places.ts';
import { product, productTransposed } from './products.ts';

/** The stream begins with the rows of tokens, and of positions. */
export const embed = ({ config, sizes, weights, scratch }: Layout): string => `fn embed(drawn: u32) {
  ${each(
    sizes.rows * sizes.model4,
    `let t = i / ${sizes.model4}u; let j = i % ${sizes.model4}u; var x = vec4f();
    if (t < ${sizes.positions}u) {
      x = params[P0 + ${weights.W_E}u + u32(sequences[drawn + t].x) * ${sizes.model4}u + j]${weights.W_pos !== null && config.positions !== 'shortformer' ? ` + params[P0 + ${weights.W_pos}u + i]` : ''};
    }
    scratch[S0 + ${scratch.stream}u + i] = x; scratch[S0 + ${scratch.dStream}u + i] = vec4f();`,
  )}
}`;

/** Queries, keys and values of layer l. */
export function inputs(layout: Layout): string {
  const { rows, model4, heads4 } = layout.sizes;
  const { W_QKV, QKV, b_QKV, Q } = placesOf(layout);
  const from = inTile(model4);
  const store = (row: string, value: string): string =>
    `${inScratch(QKV, heads4)(row, 'c')} = ${value}${plusBias(b_QKV)};`;
  const turn = `turnHeads(${Q}, 1.0); turnHeads(${Q} + ${rows * heads4}u, 1.0); ${SYNC}`;
  return `fn inputs(l: u32) {
  ${read(layout, 'normalize', 'layer')}
  ${SYNC}
  ${eachInput(layout, product(W_QKV, { rows, from, store }))}
  ${SYNC}
  ${layout.config.positions === 'rotary' ? turn : ''}
}`;
}

/** What heads read out, from the tile, is added to the stream. */
export function output(layout: Layout): string {
  const { rows, model4, heads4 } = layout.sizes;
  const { W_O, b_O, stream, next } = placesOf(layout);
  const store = (row: string, value: string): string =>
    `${inScratch(next, model4)(row, 'c')} = ${inScratch(stream, model4)(row, 'c')} + ${value}${plusBias(b_O)};`;
  return `fn output(l: u32) {
  ${product(W_O, { rows, from: inTile(heads4), store })}
}`;
}

export function logits(layout: Layout): string {
  const { sizes, scratch, weights } = layout;
  const { W, tied } = unembeddingOf(layout);
  const bias = weights.b_U === null ? null : `${weights.b_U}u`;
  const store = (row: string, value: string): string =>
    `${inScratch(`${scratch.logits}u`, sizes.vocab4)(row, 'c')} = ${value}${plusBias(bias)};`;
  const options = { rows: sizes.rows, from: inTile(sizes.model4), store };
  return `fn logits() {
  ${read(layout, 'normalize', 'end')}
  ${SYNC}
  ${tied ? productTransposed(W, options) : product(W, options)}
}`;
}
