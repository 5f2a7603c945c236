// An induction circuit in a large vocabulary: tokens are random directions, positions turn, one head looks one step back.
import type { Engine } from '../../src/engine/engine.ts';
import { Model } from '../../src/model/model.ts';
import { RandomStream } from '../../src/random/randomStream.ts';

/** Dimensions of a token, of the token before, of the position and of the output. */
const PART = 32;
/** How sharply heads look, and how sure the output is. */
const [LOOK, MATCH, SURE] = [12, 60, 60];

/** A model of two layers and dModel 128 whose L1H0 matches keys that L0H0 built; the other heads are 0. */
export function largeInduction(engine: Engine, sizes: { dVocab: number; nCtx: number }): Model {
  const { dVocab, nCtx } = sizes;
  const dModel = 4 * PART;
  const random = new RandomStream(7, 123);
  const [E, U] = [new Float32Array(dVocab * dModel), new Float32Array(dModel * dVocab)];
  const drawn = new Float64Array(PART);
  for (let t = 0; t < dVocab; t++) {
    for (let i = 0; i < PART; i++) drawn[i] = random.normal();
    const length = Math.hypot(...drawn);
    for (let i = 0; i < PART; i++) {
      E[t * dModel + i] = drawn[i]! / length;
      U[(3 * PART + i) * dVocab + t] = (SURE * drawn[i]!) / length;
    }
  }
  // Position p is a sum of turns by p; a step back turns by −1, which is a matrix.
  const turns = Array.from({ length: PART / 2 }, (_, i) => Math.PI * ((i * 0.6180339887 + 0.1) % 1));
  const P = new Float32Array(nCtx * dModel);
  for (let p = 0; p < nCtx; p++)
    turns.forEach((turn, i) => {
      P[p * dModel + 2 * PART + 2 * i] = Math.cos(turn * p);
      P[p * dModel + 2 * PART + 2 * i + 1] = Math.sin(turn * p);
    });
  const model = new Model(engine, {
    ...{ nLayers: 2, nHeads: 2, dModel, dHead: PART, nCtx, dVocab },
    ...{ positions: 'standard', normalization: null, attnScale: 1 },
  });
  const matrix = (rows: number, columns: number, entries: readonly (readonly [number, number, number])[]) => {
    const data = new Float32Array(2 * rows * columns); // the second head stays 0
    for (const [row, column, value] of entries) data[row * columns + column] = value;
    return { shape: [2, rows, columns], data };
  };
  const along = (from: number, times = 1): [number, number, number][] =>
    Array.from({ length: PART }, (_, i) => [from * PART + i, i, times]);
  const back = turns.flatMap((turn, i): [number, number, number][] => {
    const [c, s] = [LOOK * Math.cos(turn), LOOK * Math.sin(turn)];
    const at = 2 * PART + 2 * i;
    return [[at, 2 * i, c], [at + 1, 2 * i, s], [at, 2 * i + 1, -s], [at + 1, 2 * i + 1, c]]; // biome-ignore format: a turn
  });
  const into = (to: number): [number, number, number][] =>
    Array.from({ length: PART }, (_, i) => [i, to * PART + i, 1]);
  const weights = (layer: number, name: string): string => `blocks.${layer}.attn.${name}`;
  model.setWeights({
    'embed.W_E': { shape: [dVocab, dModel], data: E },
    'pos_embed.W_pos': { shape: [nCtx, dModel], data: P },
    'unembed.W_U': { shape: [dModel, dVocab], data: U },
    [weights(0, 'W_Q')]: matrix(dModel, PART, back),
    [weights(0, 'W_K')]: matrix(dModel, PART, along(2)),
    [weights(0, 'W_V')]: matrix(dModel, PART, along(0)),
    [weights(0, 'W_O')]: matrix(PART, dModel, into(1)),
    [weights(1, 'W_Q')]: matrix(dModel, PART, along(0, MATCH)),
    [weights(1, 'W_K')]: matrix(dModel, PART, along(1)),
    [weights(1, 'W_V')]: matrix(dModel, PART, along(0)),
    [weights(1, 'W_O')]: matrix(PART, dModel, into(3)),
  });
  return model;
}
