// The kernel from tokens to gradients. A workgroup takes some sequences of one member, one after the other: what it computes
// stays in its own scratch, and it adds up the gradients of its sequences in order. Nothing is added by two at once, so a
// member has the same bits whoever trains beside it.
import { type Layout, WORKGROUP } from '../layout.ts';
import { attentionFunctions, turnFunction } from './attention.ts';
import { type BufferName, declarations, type Kernel } from './bindings.ts';
import { lossFunction } from './loss.ts';
import { normFunctions } from './norm.ts';
import { begun, each, inScratch, inTile, SYNC, tile, tileIn } from './pieces.ts';
import { biasGradient, type Matrix, product, productTransposed, weightGradient } from './products.ts';
import { SUM_OF_WORKGROUP } from './reduce.ts';

/** `sharedBytes`: what a workgroup may keep in its own memory. */
export function sequencesKernel(layout: Layout, sharedBytes: number): Kernel {
  const { config, sizes, groups, batch, parameters4, scratch4, updateGroups, tile4 } = layout;
  const shared = 16 * tile4 + 8 * WORKGROUP <= sharedBytes;
  const buffers: BufferName[] = [
    ...(['slot', 'hyper', 'params', 'gradients', 'scratch', 'sequences', 'losses', 'report'] as const),
    ...(config.positions === 'rotary' ? (['turns'] as const) : []),
  ];
  const code = `${declarations(buffers)}
${shared ? `var<workgroup> tile: array<vec4f, ${tile4}>;` : ''}
var<workgroup> red: array<f32, ${2 * WORKGROUP}>;
var<private> lid: u32;
/** Where this workgroup's parameters, gradients and scratch start. */
var<private> P0: u32;
var<private> G0: u32;
var<private> S0: u32;
/** Whether this is the first sequence of the workgroup, whose gradients begin the sums. */
var<private> first: bool;
/** This invocation's part of the losses that count. */
var<private> counted: f32;

${normFunctions(layout)}
${turnFunction(layout)}
${attentionFunctions(layout)}
${lossFunction(layout)}
${embed(layout)}
${inputs(layout)}
${output(layout)}
${logits(layout)}
${logitsBackward(layout)}
${outputBackward(layout)}
${inputsBackward(layout)}
${embedBackward(layout)}
${SUM_OF_WORKGROUP}

@compute @workgroup_size(${WORKGROUP})
fn run(@builtin(workgroup_id) id: vec3u, @builtin(local_invocation_index) index: u32) {
  lid = index;
  let member = slot.index * slot.members + id.y;
  P0 = id.y * ${parameters4}u;
  G0 = (id.y * ${groups}u + id.x) * ${parameters4}u;
  S0 = (id.y * ${groups}u + id.x) * ${scratch4}u;
  let scale = hyper[member].scale;
  let start = id.x * ${batch}u / ${groups}u;
  let end = (id.x + 1u) * ${batch}u / ${groups}u;
  for (var sequence = start; sequence < end; sequence++) {
    first = sequence == start;
    let drawn = (member * ${batch}u + sequence) * ${sizes.positions}u;
    embed(drawn);
    ${SYNC}
    for (var l = 0u; l < ${sizes.layers}u; l++) {
      inputs(l);
      attention(l);
      ${SYNC}
      output(l);
      ${SYNC}
    }
    logits();
    ${SYNC}
    loss(drawn, drawn, scale);
    ${SYNC}
    logitsBackward();
    for (var back = 0u; back < ${sizes.layers}u; back++) {
      let l = ${sizes.layers - 1}u - back;
      outputBackward(l);
      attentionBackward(l);
      ${SYNC}
      inputsBackward(l);
    }
    embedBackward(drawn);
    ${SYNC}
  }
  red[lid] = counted;
  let sum = sumOfWorkgroup();
  if (lid == 0u) { report[member * ${groups + updateGroups}u + id.x] = sum; }
}`;
  return { entry: 'run', buffers, code: tileIn(code, shared ? 'workgroup' : { start: layout.scratch.tile }) };
}

/** Where things of layer l lie, as texts of WGSL. */
const placesOf = ({ sizes, weights, scratch }: Layout) => {
  const ofLayer = (at: number): string => `(${at}u + l * ${weights.stride}u)`;
  const { rows, model4, heads4 } = sizes;
  return {
    ofLayer,
    stream: `(${scratch.stream}u + l * ${rows * model4}u)`,
    next: `(${scratch.stream}u + (l + 1u) * ${rows * model4}u)`,
    moments: `(${scratch.moments}u + l * ${rows}u)`,
    Z: `(${scratch.Z}u + l * ${scratch.stride}u)`,
    Q: `(${scratch.Q}u + l * ${scratch.stride}u)`,
    /** Q, K and V for n = 0, 1, 2. */
    QKV: `(${scratch.Q}u + l * ${scratch.stride}u + n * ${rows * heads4}u)`,
    dQKV: `(${scratch.dQ}u + n * ${rows * heads4}u)`,
    W_QKV: {
      at: `(${weights.W_Q}u + l * ${weights.stride}u + n * ${weights.nextInput}u)`,
      rows: sizes.model,
      width: heads4,
    },
    W_O: { at: ofLayer(weights.W_O), rows: 4 * heads4, width: model4 },
    b_QKV: weights.b_Q === null ? null : `(${weights.b_Q}u + l * ${weights.stride}u + n * ${weights.nextBias}u)`,
    b_O: weights.b_O === null ? null : ofLayer(weights.b_O),
  } as const;
};

const unembeddingOf = ({ sizes, weights }: Layout): { W: Matrix; tied: boolean } =>
  weights.W_U === null
    ? { W: { at: `${weights.W_E}u`, rows: sizes.vocab, width: sizes.model4 }, tied: true }
    : { W: { at: `${weights.W_U}u`, rows: sizes.model, width: sizes.vocab4 }, tied: false };

const plusBias = (bias: string | null, column = 'c'): string =>
  bias === null ? '' : ` + params[P0 + ${bias} + ${column}]`;

/** What is read of the stream of layer l, or at the end, into the tile. */
const read = (layout: Layout, how: 'normalize' | 'readNormalized', place: 'layer' | 'end'): string => {
  const { weights, sizes, scratch } = layout;
  const { ofLayer, stream, moments } = placesOf(layout);
  const end = sizes.layers;
  const x = place === 'layer' ? stream : `${scratch.stream + end * sizes.rows * sizes.model4}u`;
  if (layout.config.normalization === null) return `readNormalized(${x});`;
  const [gain, shift] =
    place === 'layer'
      ? [ofLayer(weights.gain!), ofLayer(weights.shift!)]
      : [`${weights.finalGain}u`, `${weights.finalShift}u`];
  return `${how}(${x}, ${place === 'layer' ? moments : `${scratch.moments + end * sizes.rows}u`}, ${gain}, ${shift});`;
};

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

/** The stream begins with the rows of tokens, and of positions. */
const embed = ({ config, sizes, weights, scratch }: Layout): string => `fn embed(drawn: u32) {
  ${each(
    sizes.rows * sizes.model4,
    `let t = i / ${sizes.model4}u; let j = i % ${sizes.model4}u; var x = vec4f();
    if (t < ${sizes.positions}u) {
      x = params[P0 + ${weights.W_E}u + u32(sequences[drawn + t].x) * ${sizes.model4}u + j]${weights.W_pos !== null && config.positions !== 'shortformer' ? ` + params[P0 + ${weights.W_pos}u + i]` : ''};
    }
    scratch[S0 + ${scratch.stream}u + i] = x; scratch[S0 + ${scratch.dStream}u + i] = vec4f();`,
  )}
}`;

/** Values first: queries and keys may read positions besides, which are then added to the tile. */
const eachInput = (
  { config, sizes, weights }: Layout,
  body: string,
): string => `for (var turn = 0u; turn < 3u; turn++) {
    let n = (turn + 2u) % 3u;
    ${
      config.positions === 'shortformer'
        ? `if (turn == 1u) { ${SYNC} ${each(sizes.positions * sizes.model4, `${tile('i')} += params[P0 + ${weights.W_pos}u + i];`)} ${SYNC} }`
        : ''
    }
    ${body}
  }`;

/** Queries, keys and values of layer l. */
function inputs(layout: Layout): string {
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
function output(layout: Layout): string {
  const { rows, model4, heads4 } = layout.sizes;
  const { W_O, b_O, stream, next } = placesOf(layout);
  const store = (row: string, value: string): string =>
    `${inScratch(next, model4)(row, 'c')} = ${inScratch(stream, model4)(row, 'c')} + ${value}${plusBias(b_O)};`;
  return `fn output(l: u32) {
  ${product(W_O, { rows, from: inTile(heads4), store })}
}`;
}

function logits(layout: Layout): string {
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

/** From the gradient of the logits to that of the stream behind the last layer. */
function logitsBackward(layout: Layout): string {
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

function outputBackward(layout: Layout): string {
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

function inputsBackward(layout: Layout): string {
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
function embedBackward({ config, sizes, weights, scratch }: Layout): string {
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
