// Models whose weights are written down, not trained: their circuits are known on paper. Fixtures of the tests, and
// examples of what each claim looks like in its purest form. No LayerNorm, learned-position slots in the residual stream.
import * as z from 'zod/mini';
import type { Engine } from '../engine/engine.ts';
import { ArgumentError, checkArgument } from '../errors/arguments.ts';
import { Model } from '../model/model.ts';

/** How sharply heads attend: differences of attention scores. Softmax of it is 1 in float32. */
const SHARPNESS = 100;

/** Logit of the copied token; the loss of a perfect copy is ln(1 + (V − 1) e^−20). */
const CONFIDENCE = 20;

export interface HandBuiltSizes {
  readonly dVocab: number;
  readonly nCtx: number;
}

const size = z.int().check(z.gte(1), z.lte(16384));

/** Throws an ArgumentError unless the sizes are these and no other. */
function checkSizes(caller: string, sizes: unknown, fields: Readonly<Record<string, z.ZodMiniType>> = {}): void {
  checkArgument(caller, 'sizes', z.strictObject({ dVocab: size, nCtx: size, ...fields }), sizes);
}

/** A matrix set entry by entry. */
class Matrix {
  readonly shape: readonly number[];
  readonly data: Float64Array;
  private readonly strides: readonly number[];

  constructor(...shape: readonly number[]) {
    this.shape = shape;
    this.data = new Float64Array(shape.reduce((a, b) => a * b, 1));
    this.strides = shape.map((_, i) => shape.slice(i + 1).reduce((a, b) => a * b, 1));
  }

  set(value: number, ...index: readonly number[]): void {
    this.data[index.reduce((sum, i, axis) => sum + i * (this.strides[axis] as number), 0)] = value;
  }
}

/**
 * The circuit of the lesson. The residual stream has four parts: token, position, previous token, output.
 * L0H0 (previous-token head): the query at position p looks for position p − 1 and writes its token into the part
 * "previous token". L1H0 (induction head): the query's token looks for keys whose previous token it is (K-composition)
 * and copies their token to the output. Position 0, which attends to itself, is kept from matching. L0H1 and L1H1 are 0.
 */
export function handBuiltInduction(engine: Engine, sizes: HandBuiltSizes): Model {
  checkSizes('handBuiltInduction', sizes);
  const { dVocab: V, nCtx: T } = sizes;
  const dHead = Math.max(V + 1, T);
  const part = { token: 0, position: V, previous: V + T, output: 2 * V + T };
  const dModel = 3 * V + T;
  const model = new Model(engine, {
    nLayers: 2,
    nHeads: 2,
    dModel,
    dHead,
    nCtx: T,
    dVocab: V,
    positions: 'standard',
    normalization: null,
    attnScale: 1,
  });
  const W_E = new Matrix(V, dModel);
  const W_pos = new Matrix(T, dModel);
  const W_U = new Matrix(dModel, V);
  const [Q0, K0, V0, Q1, K1, V1] = Array.from({ length: 6 }, () => new Matrix(2, dModel, dHead)) as [
    Matrix,
    Matrix,
    Matrix,
    Matrix,
    Matrix,
    Matrix,
  ];
  const [O0, O1] = [new Matrix(2, dHead, dModel), new Matrix(2, dHead, dModel)];
  for (let t = 0; t < V; t++) {
    W_E.set(1, t, part.token + t);
    V0.set(1, 0, part.token + t, t);
    O0.set(1, 0, t, part.previous + t);
    Q1.set(SHARPNESS, 0, part.token + t, t);
    Q1.set(SHARPNESS, 0, part.token + t, V); // every query also looks at key dimension V, where position 0 has −2
    K1.set(1, 0, part.previous + t, t);
    V1.set(1, 0, part.token + t, t);
    O1.set(1, 0, t, part.output + t);
    W_U.set(CONFIDENCE, part.output + t, t);
  }
  for (let p = 0; p < T; p++) {
    W_pos.set(1, p, part.position + p);
    if (p > 0) Q0.set(SHARPNESS, 0, part.position + p, p - 1);
    K0.set(1, 0, part.position + p, p);
  }
  K1.set(-2, 0, part.position, V);
  model.setWeights({
    'embed.W_E': W_E,
    'pos_embed.W_pos': W_pos,
    'unembed.W_U': W_U,
    'blocks.0.attn.W_Q': Q0,
    'blocks.0.attn.W_K': K0,
    'blocks.0.attn.W_V': V0,
    'blocks.0.attn.W_O': O0,
    'blocks.1.attn.W_Q': Q1,
    'blocks.1.attn.W_K': K1,
    'blocks.1.attn.W_V': V1,
    'blocks.1.attn.W_O': O1,
  });
  return model;
}

/**
 * The pair hub: a circuit that copies with no previous-token and no induction head. L0H0 gathers the token two back into
 * the part "first", L0H1 the token one back into "second": position j holds the pair of tokens j − 2 and j − 1. L1H0 finds
 * the position whose first token is the query's (K-composition) and copies its second (V-composition). It attends to
 * q − P + 2, one further than an induction head. Positions 0 and 1, which hold no pair, are kept from matching. L1H1 is 0.
 */
export function handBuiltHub(engine: Engine, sizes: HandBuiltSizes): Model {
  checkSizes('handBuiltHub', sizes);
  const { dVocab: V, nCtx: T } = sizes;
  const dHead = Math.max(V + 1, T);
  const part = { token: 0, position: V, first: V + T, second: 2 * V + T, output: 3 * V + T };
  const dModel = 4 * V + T;
  const model = new Model(engine, {
    nLayers: 2,
    nHeads: 2,
    dModel,
    dHead,
    nCtx: T,
    dVocab: V,
    positions: 'standard',
    normalization: null,
    attnScale: 1,
  });
  const [W_E, W_pos, W_U] = [new Matrix(V, dModel), new Matrix(T, dModel), new Matrix(dModel, V)];
  const input = (): Matrix => new Matrix(2, dModel, dHead);
  const [Q0, K0, V0, Q1, K1, V1] = [input(), input(), input(), input(), input(), input()];
  const [O0, O1] = [new Matrix(2, dHead, dModel), new Matrix(2, dHead, dModel)];
  for (let t = 0; t < V; t++) {
    W_E.set(1, t, part.token + t);
    for (const [head, to] of [part.first, part.second].entries()) {
      V0.set(1, head, part.token + t, t);
      O0.set(1, head, t, to + t);
    }
    Q1.set(SHARPNESS, 0, part.token + t, t);
    Q1.set(SHARPNESS, 0, part.token + t, V); // every query also looks at key dimension V, where positions 0 and 1 have −2
    K1.set(1, 0, part.first + t, t);
    V1.set(1, 0, part.second + t, t);
    O1.set(1, 0, t, part.output + t);
    W_U.set(CONFIDENCE, part.output + t, t);
  }
  for (let p = 0; p < T; p++) {
    W_pos.set(1, p, part.position + p);
    for (const head of [0, 1]) {
      if (p >= 2) Q0.set(SHARPNESS, head, part.position + p, p - 2 + head);
      K0.set(1, head, part.position + p, p);
    }
  }
  for (const p of [0, 1]) K1.set(-2, 0, part.position + p, V);
  model.setWeights({
    'embed.W_E': W_E,
    'pos_embed.W_pos': W_pos,
    'unembed.W_U': W_U,
    'blocks.0.attn.W_Q': Q0,
    'blocks.0.attn.W_K': K0,
    'blocks.0.attn.W_V': V0,
    'blocks.0.attn.W_O': O0,
    'blocks.1.attn.W_Q': Q1,
    'blocks.1.attn.W_K': K1,
    'blocks.1.attn.W_V': V1,
    'blocks.1.attn.W_O': O1,
  });
  return model;
}

/**
 * The shortcut: L0H0 looks `period` − 1 positions back, whatever stands there, and copies that token to the output.
 * One layer, one head. Right on every repeat at that period and confidently wrong at every other.
 */
export function handBuiltPositionalCopier(engine: Engine, sizes: HandBuiltSizes & { readonly period: number }): Model {
  checkSizes('handBuiltPositionalCopier', sizes, { period: z.int().check(z.gte(2)) });
  const { dVocab: V, nCtx: T, period } = sizes;
  if (period > T)
    throw new ArgumentError(
      `handBuiltPositionalCopier: a period of ${period} does not fit the context of ${T}; use at most ${T}.`,
    );
  const dHead = Math.max(V, T);
  const part = { token: 0, position: V, output: V + T };
  const dModel = 2 * V + T;
  const model = new Model(engine, {
    nLayers: 1,
    nHeads: 1,
    dModel,
    dHead,
    nCtx: T,
    dVocab: V,
    positions: 'standard',
    normalization: null,
    attnScale: 1,
  });
  const [W_E, W_pos, W_U] = [new Matrix(V, dModel), new Matrix(T, dModel), new Matrix(dModel, V)];
  const [Q, K, WV] = [new Matrix(1, dModel, dHead), new Matrix(1, dModel, dHead), new Matrix(1, dModel, dHead)];
  const O = new Matrix(1, dHead, dModel);
  for (let t = 0; t < V; t++) {
    W_E.set(1, t, part.token + t);
    WV.set(1, 0, part.token + t, t);
    O.set(1, 0, t, part.output + t);
    W_U.set(CONFIDENCE, part.output + t, t);
  }
  for (let p = 0; p < T; p++) {
    W_pos.set(1, p, part.position + p);
    K.set(1, 0, part.position + p, p);
    if (p >= period - 1) Q.set(SHARPNESS, 0, part.position + p, p - period + 1);
  }
  model.setWeights({
    'embed.W_E': W_E,
    'pos_embed.W_pos': W_pos,
    'unembed.W_U': W_U,
    'blocks.0.attn.W_Q': Q,
    'blocks.0.attn.W_K': K,
    'blocks.0.attn.W_V': WV,
    'blocks.0.attn.W_O': O,
  });
  return model;
}
