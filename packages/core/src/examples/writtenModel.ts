// Models whose weights are written down, not trained: their circuits are known on paper. Fixtures of the tests, and
// examples of what each claim looks like in its purest form. No LayerNorm, learned-position slots in the residual stream.
import * as z from 'zod/mini';
import { Matrix } from '../circuits/weights/factoredMatrix.ts';
import type { Engine } from '../engine/engine.ts';
import { checkArgument } from '../errors/arguments.ts';
import { Model } from '../model/model.ts';
import type { NamedWeights } from '../model/parameters.ts';
import { type Layout, queryDimensions, type WrittenHead, writtenMatrices } from './writtenHead.ts';

/** Logit of the copied token; the loss of a perfect copy is ln(1 + (V − 1) e^−20). */
const CONFIDENCE = 20;

/** The sizes to choose; the others follow. */
export interface HandBuiltSizes {
  /** Tokens of the vocabulary. */
  readonly dVocab: number;
  /** The longest sequence, in tokens. */
  readonly nCtx: number;
}

const size = z.int().check(z.gte(1), z.lte(16384));

/** Throws an ArgumentError unless the sizes are these and no other. */
export function checkSizes(caller: string, sizes: unknown, fields: Readonly<Record<string, z.ZodMiniType>> = {}): void {
  checkArgument(caller, 'sizes', z.strictObject({ dVocab: size, nCtx: size, ...fields }), sizes);
}

/** A model on paper. The residual stream holds the token, its position, what heads wrote for later ones, and the output. */
export interface Blueprint {
  /** Names of the parts that hold a token which a head has copied there for a later one. */
  readonly copied: readonly string[];
  /** By layer; null for a head of zeros. */
  readonly layers: readonly (readonly (WrittenHead | null)[])[];
}

/** Writes the model down. */
export function writtenModel(engine: Engine, { dVocab, nCtx }: HandBuiltSizes, { copied, layers }: Blueprint): Model {
  const heads = layers.flat().filter((head) => head !== null);
  const dHead = Math.max(dVocab, nCtx, ...heads.map((head) => queryDimensions(head, { dVocab, nCtx })));
  const copies = copied.map((name, i) => [name, (i + 1) * dVocab + nCtx] as const);
  const output = (copied.length + 1) * dVocab + nCtx;
  const dModel = output + dVocab;
  const model = new Model(engine, {
    ...{ nLayers: layers.length, nHeads: layers[0]!.length, dModel, dHead, nCtx, dVocab },
    ...{ positions: 'standard', normalization: null, attnScale: 1 },
  });
  const start = { token: 0, position: dVocab, ...Object.fromEntries(copies), output };
  const layout: Layout = { dVocab, nCtx, dModel, dHead, start };
  model.setWeights({
    ...embeddings(layout),
    ...Object.fromEntries(layers.flatMap((heads, layer) => layerWeights(heads, layer, layout))),
  });
  return model;
}

/** Tokens and positions have a dimension each, and the output part is read as logits. */
function embeddings({ dVocab, nCtx, dModel, start }: Layout): NamedWeights {
  const [W_E, W_pos, W_U] = [Matrix.zeros(dVocab, dModel), Matrix.zeros(nCtx, dModel), Matrix.zeros(dModel, dVocab)];
  for (let t = 0; t < dVocab; t++) {
    W_E.set(t, (start.token as number) + t, 1);
    W_U.set((start.output as number) + t, t, CONFIDENCE);
  }
  for (let p = 0; p < nCtx; p++) W_pos.set(p, (start.position as number) + p, 1);
  return {
    'embed.W_E': matrixWeights(W_E),
    'pos_embed.W_pos': matrixWeights(W_pos),
    'unembed.W_U': matrixWeights(W_U),
  };
}

function layerWeights(
  heads: readonly (WrittenHead | null)[],
  layer: number,
  layout: Layout,
): [name: string, weights: NamedWeights[string]][] {
  const matrices = heads.map((head) => writtenMatrices(head, layout));
  return (['W_Q', 'W_K', 'W_V', 'W_O'] as const).map((name) => {
    const ofHeads = matrices.map((head) => head[name]);
    return [`blocks.${layer}.attn.${name}`, { shape: [heads.length, ...sidesOf(ofHeads[0]!)], data: flat(ofHeads) }];
  });
}

const sidesOf = ({ rows, columns }: Matrix): [rows: number, columns: number] => [rows, columns];

const matrixWeights = (matrix: Matrix): NamedWeights[string] => ({ shape: sidesOf(matrix), data: flat([matrix]) });

/** Matrices of one shape, one after the other: [matrix, row, column]. */
function flat(matrices: readonly Matrix[]): Float64Array {
  const { rows, columns } = matrices[0] as Matrix;
  const data = new Float64Array(matrices.length * rows * columns);
  matrices.forEach((matrix, i) => {
    for (let row = 0; row < rows; row++) data.set(matrix.getRow(row), (i * rows + row) * columns);
  });
  return data;
}
