// The logit lens (nostalgebraist 2020): what the model would say if it stopped after a layer.
import * as z from 'zod/mini';
import { LARGEST_MEMORY, sizeText } from '../../engine/tensor.ts';
import { ArgumentError } from '../../errors/arguments.ts';
import { TooLargeError } from '../../errors/tooLarge.ts';
import type { ModelConfig } from '../../model/config.ts';
import { crossEntropy } from '../../model/measures/crossEntropy.ts';
import { checkTokens, type Model, type Tokens } from '../../model/model.ts';
import { Values } from '../../model/values.ts';
import { checkModel, checkOptions } from '../checks.ts';
import { checkLosses } from '../finite.ts';
import { ReadOut } from './readOut.ts';

/** What is read off the residual stream after each layer. Its first axis counts `layers`; everything is float64. */
export interface LogitLens {
  /** The layers after which the stream was read, from 0, in order. */
  readonly layers: readonly number[];
  readonly logits: Values<readonly ['layer', 'batch', 'pos', 'dVocab']>;
  /** Softmax of the logits over the vocabulary, 0 to 1. */
  readonly probabilities: Values<readonly ['layer', 'batch', 'pos', 'dVocab']>;
  /** Of the token that comes next, in nats: positions 0 … T − 2. */
  readonly loss: Values<readonly ['layer', 'batch', 'pos']>;
}

const Options = z.strictObject({ layers: z.optional(z.array(z.int())) });

const residualAfter = (layer: number): string => `blocks.${layer}.hook_resid_post`;

/**
 * The unembedding, with the final LayerNorm at each position's own scale, applied to the residual stream after each of the
 * `layers` (all unless said): logits, probabilities and loss by layer. After the last layer they are the model's own, within
 * rounding. Throws an Error for tokens that the model cannot run, an ArgumentError for a layer that there is none of, a
 * TooLargeError with the number, and a NotFiniteError when the model's outputs are not finite.
 * @example
 * ```ts
 * import { handBuiltInduction, loadEngine, logitLens } from '@induction-lab/core/node';
 *
 * const model = handBuiltInduction(await loadEngine(), { dVocab: 31, nCtx: 24 });
 * const { probabilities, layers } = logitLens(model, [[3, 1, 4, 3, 1, 4]]);
 * for (const layer of layers) console.log(layer, probabilities.at(layer, 0, 4, 4)); // of token 4 after the second 1
 * ```
 */
export function logitLens(model: Model, tokens: Tokens, options: { layers?: readonly number[] } = {}): LogitLens {
  checkModel('logitLens', model);
  checkOptions('logitLens', Options, options);
  const { config } = model;
  const length = checkTokens(config, tokens, 'logitLens');
  const layers = layersToRead(config, options.layers);
  const sizes = { layers: layers.length, batch: tokens.length, length, dVocab: config.dVocab };
  checkSize(sizes);
  const run = model.runWithCache(tokens, { names: layers.map(residualAfter) });
  checkLosses(model, run, { tokens });
  const out = blank(sizes);
  const readOut = new ReadOut(model);
  layers.forEach((layer, l) => {
    const { data } = run.cache.get(residualAfter(layer));
    tokens.forEach((sequence, s) => {
      for (let t = 0; t < length; t++) readRow({ readOut, out, sizes }, { data, sequence, l, s, t });
    });
  });
  return asRecord(layers, { out, sizes });
}

interface Sizes {
  readonly layers: number;
  readonly batch: number;
  readonly length: number;
  readonly dVocab: number;
}

/** Row-major in the shapes of the record. */
interface Numbers {
  readonly logits: Float64Array;
  readonly probabilities: Float64Array;
  readonly loss: Float64Array;
}

function layersToRead({ nLayers }: ModelConfig, layers: readonly number[] | undefined): readonly number[] {
  const all = Array.from({ length: nLayers }, (_, layer) => layer);
  if (layers === undefined) return all;
  const wrong = layers.find((layer) => !all.includes(layer));
  if (wrong !== undefined)
    throw new ArgumentError(`logitLens: there is no layer ${wrong}; this model has layers 0 to ${nLayers - 1}.`);
  if (layers.length === 0)
    throw new ArgumentError('logitLens: layers is empty, so nothing would be read; name layers.');
  const twice = layers.find((layer, i) => layers.indexOf(layer) < i);
  if (twice !== undefined) throw new ArgumentError(`logitLens: layers has ${twice} twice; name each once.`);
  return [...layers];
}

function checkSize({ layers, batch, length, dVocab }: Sizes): void {
  const bytes = 2 * 8 * layers * batch * length * dVocab;
  if (bytes > LARGEST_MEMORY)
    throw new TooLargeError(
      `logitLens: logits and probabilities of ${layers} layers, ${batch} sequences and ${length} tokens take ${sizeText(bytes)}, more than ${sizeText(LARGEST_MEMORY)}; read fewer sequences or layers at a time.`,
    );
}

function blank({ layers, batch, length, dVocab }: Sizes): Numbers {
  const [rows, losses] = [layers * batch * length, layers * batch * (length - 1)];
  return {
    logits: new Float64Array(rows * dVocab),
    probabilities: new Float64Array(rows * dVocab),
    loss: new Float64Array(losses),
  };
}

/** Reads one position of one sequence after one layer. */
function readRow(
  { readOut, out, sizes }: { readOut: ReadOut; out: Numbers; sizes: Sizes },
  {
    data,
    sequence,
    l,
    s,
    t,
  }: { data: ArrayLike<number>; sequence: ArrayLike<number>; l: number; s: number; t: number },
): void {
  const { batch, length, dVocab } = sizes;
  const row = l * batch + s;
  const [from, to] = [(row * length + t) * dVocab, (row * length + t + 1) * dVocab];
  const logits = out.logits.subarray(from, to);
  readOut.stream(data, { row: s * length + t, logits });
  const logSum = crossEntropy(logits, 0) + logits[0]!;
  for (let v = 0; v < dVocab; v++) out.probabilities[from + v] = Math.exp(logits[v]! - logSum);
  if (t < length - 1) out.loss[row * (length - 1) + t] = logSum - logits[sequence[t + 1] as number]!;
}

function asRecord(layers: readonly number[], { out, sizes }: { out: Numbers; sizes: Sizes }): LogitLens {
  const { batch, length, dVocab } = sizes;
  const rows = [layers.length, batch, length, dVocab];
  const axes = ['layer', 'batch', 'pos', 'dVocab'] as const;
  const losses = [layers.length, batch, length - 1];
  return {
    layers,
    logits: new Values('logits', { shape: rows, axes, data: out.logits }),
    probabilities: new Values('probabilities', { shape: [...rows], axes, data: out.probabilities }),
    loss: new Values('loss', { shape: losses, axes: ['layer', 'batch', 'pos'] as const, data: out.loss }),
  };
}
