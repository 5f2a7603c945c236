// Checkpoint files whose contents are known: written down by hand, or the golden data of core.
import { writeFileSync } from 'node:fs';
import {
  encodeCheckpoint,
  handBuiltHub,
  handBuiltInduction,
  handBuiltPositionalCopier,
  loadEngine,
  Model,
  RandomStream,
} from '@induction-lab/core/node';
import type { Golden } from '../../../core/test/support/golden.ts';

const engine = await loadEngine({ exact: true });
const sizes = { dVocab: 31, nCtx: 26 };

export function writeModel(path: string, model: Model): string {
  writeFileSync(path, encodeCheckpoint(model.config, model.getWeights()));
  return path;
}

export function writeInduction(path: string, { bos, ...given }: typeof sizes & { bos?: number } = sizes): string {
  const built = handBuiltInduction(engine, given);
  if (bos === undefined) return writeModel(path, built);
  const model = new Model(engine, { ...built.config, bos });
  model.setWeights(built.getWeights());
  return writeModel(path, model);
}

export const writeHub = (path: string): string => writeModel(path, handBuiltHub(engine, sizes));

export const writePositionalCopier = (path: string): string =>
  writeModel(path, handBuiltPositionalCopier(engine, { ...sizes, period: 13 }));

/** A model of five different sizes with LayerNorm and biases, everything else 0. */
export const writeSmallModel = (path: string): string =>
  writeModel(
    path,
    new Model(engine, { nLayers: 2, nHeads: 3, dModel: 7, dHead: 5, nCtx: 22, dVocab: 13, biases: true }),
  );

/** Random weights; `scale` of 1e38 makes activations overflow. */
export function writeRandomModel(
  path: string,
  { nLayers, nHeads, scale = 0.3 }: { nLayers: number; nHeads: number; scale?: number },
): string {
  const model = new Model(engine, {
    nLayers,
    nHeads,
    dModel: 16,
    dHead: 4,
    nCtx: 24,
    dVocab: 20,
    positions: 'shortformer',
    normalization: 'LN',
  });
  const random = new RandomStream(1, 2);
  const weights = Object.entries(model.getWeights()).map(([name, { shape, data }]) => [
    name,
    { shape, data: Float32Array.from(data, () => scale * random.normal()) },
  ]);
  model.setWeights(Object.fromEntries(weights));
  return writeModel(path, model);
}

export function writeGolden(path: string, golden: Golden): string {
  const model = new Model(engine, golden.config);
  const weights = Object.entries(model.getWeights()).map(([name, { shape }]) => [
    name,
    { shape, data: golden.get(`w.${name}`) },
  ]);
  model.setWeights(Object.fromEntries(weights));
  return writeModel(path, model);
}
