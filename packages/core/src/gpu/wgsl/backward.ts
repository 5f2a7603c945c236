// The way from the gradient of the logits to those of all weights, in functions of WGSL.
import { type Layout, WORKGROUP } from '../layout.ts';
import { begun, each, inScratch, inTile, SYNC, tile } from './pieces.ts';
import { eachInput, placesOf, read, unembeddingOf } from './places.ts';
import { biasGradient, product, productTransposed, weightGradient } from './products.ts';

/** The way back through that. */
const readBackward = (layout: Layout, place: 'layer' | 'end'): string =>
  layout.config.normalization === null
    ? ''
    : `${read(layout, 'normalize', place).replace('normalize(', 'normalizeBackward(')} ${SYNC}`;

/** Where the gradient of what was read goes: through the norm, or straight into the stream's. */
const storeRead =
  ({ config, scratch, sizes }: Layout) =>
  (row: string, value: string): string =>
    config.normalization === null
      ? `${inScratch(`${scratch.dStream}u`, sizes.model4)(row, 'c')} += ${value};`
      : `${inScratch(`${scratch.dRead}u`, sizes.model4)(row, 'c')} = ${value};`;

const copyToTile = (from: number, vec4s: number): string => each(vec4s, `${tile('i')} = scratch[S0 + ${from}u + i];`);

/** From the gradient of the logits to that of the stream behind the last layer. */
export function logitsBackward(layout: Layout): string {
  const { sizes, scratch, weights } = layout;
  const { rows, positions, model4, vocab4 } = sizes;
  const { W, tied } = unembeddingOf(layout);
  const [x, dy] = [inTile(model4), inScratch(`${scratch.logits}u`, vocab4)];
  const options = { rows, from: inTile(vocab4), store: storeRead(layout) };
  return `fn logitsBackward() {
  ${tied ? weightGradient(W, { x: dy, dy: x, positions }) : weightGradient(W, { x, dy, positions })}
  ${weights.b_U === null ? '' : biasGradient(`${weights.b_U}u`, vocab4, { dy, positions })}
  ${SYNC}
  ${copyToTile(scratch.logits, rows * vocab4)}
  ${SYNC}
  ${tied ? product(W, options) : productTransposed(W, options)}
  ${SYNC}
  ${readBackward(layout, 'end')}
}`;
}

export function outputBackward(layout: Layout): string {
  const { sizes, scratch } = layout;
  const { rows, positions, model4, heads4 } = sizes;
  const { W_O, b_O, Z } = placesOf(layout);
  const dy = inTile(model4);
  const store = (row: string, value: string): string => `${inScratch(`${scratch.dZ}u`, heads4)(row, 'c')} = ${value};`;
  return `fn outputBackward(l: u32) {
  ${copyToTile(scratch.dStream, rows * model4)}
  ${SYNC}
  ${productTransposed(W_O, { rows, from: dy, store })}
  ${weightGradient(W_O, { x: inScratch(Z, heads4), dy, positions })}
  ${b_O === null ? '' : biasGradient(b_O, model4, { dy, positions })}
  ${SYNC}
}`;
}

export function inputsBackward(layout: Layout): string {
  const { config, sizes, weights, scratch } = layout;
  const { rows, positions, model4, heads4 } = sizes;
  const { W_QKV, b_QKV, dQKV } = placesOf(layout);
  const dy = inScratch(dQKV, heads4);
  const turn = `turnHeads(${scratch.dQ}u, -1.0); turnHeads(${scratch.dQ + rows * heads4}u, -1.0);`;
  // Behind the products of queries and keys the sum is the gradient of the positions that they read.
  const dPositions = [0, 1, 2, 3].map(
    (q) => `if (r + ${q}u < ${positions}u) { let g = G0 + ${weights.W_pos}u + (r + ${q}u) * ${model4}u + c;
      gradients[g] = y${q} + ${begun('gradients[g]', `first && l == ${sizes.layers - 1}u`)}; }`,
  );
  const after = config.positions === 'shortformer' ? `if (n == 1u) { ${dPositions.join(' ')} }` : '';
  return `fn inputsBackward(l: u32) {
  ${config.positions === 'rotary' ? turn : ''}
  ${read(layout, 'readNormalized', 'layer')}
  ${SYNC}
  ${eachInput(
    layout,
    `${weightGradient(W_QKV, { x: inTile(model4), dy, positions })} ${b_QKV === null ? '' : biasGradient(b_QKV, heads4, { dy, positions })}`,
  )}
  ${productTransposed(W_QKV, { rows, from: dy, store: storeRead(layout), turns: 3, after })}
  ${SYNC}
  ${readBackward(layout, 'layer')}
}`;
}

/** Rows of the stream's gradient go to the rows of tokens and positions. */
export function embedBackward({ config, sizes, weights, scratch }: Layout): string {
  const { positions, model4, vocab } = sizes;
  const lanes = Math.floor(WORKGROUP / model4);
  const dStream = `scratch[S0 + ${scratch.dStream}u + t * ${model4}u + j]`;
  const learned = weights.W_pos !== null && config.positions === 'standard';
  return `fn embedBackward(drawn: u32) {
  ${weights.W_U === null ? '' : `if (first) { ${each(vocab * model4, `gradients[G0 + ${weights.W_E}u + i] = vec4f();`)} } ${SYNC}`}
  // A lane has the rows of tokens that leave its remainder, so that no two add to the same number.
  let j = lid % ${model4}u; let lane = lid / ${model4}u;
  for (var t = 0u; t < ${positions}u; t++) {
    let token = u32(sequences[drawn + t].x);
    if (token % ${lanes}u == lane) { gradients[G0 + ${weights.W_E}u + token * ${model4}u + j] += ${dStream}; }
  }
  ${learned ? each(positions * model4, `let g = G0 + ${weights.W_pos}u + i; gradients[g] = ${begun('gradients[g]')} + scratch[S0 + ${scratch.dStream}u + i];`) : ''}
}`;
}
