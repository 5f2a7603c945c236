// Makes the gallery's models anew, with the build of the kernels that gives the same bits on every machine:
// node galleryModels.mjs writes them, and a full test compares them with what is there. (The others are states of the lesson.)
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import {
  encodeCheckpoint,
  handBuiltInduction,
  loadEngine,
  parseExperiment,
  startWorkers,
  train,
} from '@induction-lab/core/node';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const demo = JSON.parse(readFileSync(`${root}examples/transformerLensDemo.json`, 'utf8'));

/** What is trained, with seed 1. */
const TRAINED = {
  // Nearly twice as large as the others: its numbers are halved in length.
  'thirdParty.safetensors': parseExperiment(demo),
};
/** Small enough for its stream, a part for each token and each position, to be a small file. */
const WRITTEN = { dVocab: 24, nCtx: 24 };

/** The tensors of a safetensors file of F32 as BF16, rounded to the nearest. */
export function asBfloat16(file) {
  const length = Number(new DataView(file.buffer, file.byteOffset).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(file.subarray(8, 8 + length)));
  const words = new Uint32Array(file.slice(8 + length).buffer);
  for (const entry of Object.values(header))
    if (entry.dtype)
      Object.assign(entry, { dtype: 'BF16', data_offsets: entry.data_offsets.map((offset) => offset / 2) });
  const text = JSON.stringify(header);
  const padded = new TextEncoder().encode(text.padEnd(Math.ceil(text.length / 8) * 8));
  const halves = Uint16Array.from(words, (word) => (word + 0x7fff + ((word >>> 16) & 1)) >>> 16);
  const out = new Uint8Array(8 + padded.length + halves.byteLength);
  new DataView(out.buffer).setBigUint64(0, BigInt(padded.length), true);
  out.set(padded, 8);
  out.set(new Uint8Array(halves.buffer), 8 + padded.length);
  return out;
}

/** Bytes by file name. */
export async function galleryModels() {
  const engine = await loadEngine({ exact: true });
  const written = handBuiltInduction(engine, WRITTEN);
  const files = { 'circuit.safetensors': encodeCheckpoint(written.config, written.getWeights()) };
  for (const [name, experiment] of Object.entries(TRAINED)) {
    const { weights } = await train({ engine, experiment, seed: 1, threads: 2, startPool: startWorkers() });
    files[name] = asBfloat16(encodeCheckpoint(experiment.model, weights));
  }
  return files;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href)
  for (const [name, bytes] of Object.entries(await galleryModels()))
    writeFileSync(new URL(`../src/gallery/${name}`, import.meta.url), bytes);
