// Makes the gallery's models anew, with the build of the kernels that gives the same bits on every machine:
// node galleryModels.mjs writes them, and a full test compares them with what is there. (The pair hub lies in examples/.)
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import {
  encodeCheckpoint,
  handBuiltInduction,
  loadEngine,
  parseExperiment,
  startWorkers,
  train,
  withSteps,
} from '@induction-lab/core/node';
import literal from '@induction-lab/core/presets/literal.json' with { type: 'json' };
import picture from '@induction-lab/core/presets/picture.json' with { type: 'json' };

const root = fileURLToPath(new URL('../../../', import.meta.url));
const demo = JSON.parse(readFileSync(`${root}examples/transformerLensDemo.json`, 'utf8'));

/** What is trained, each with seed 1, and for how many steps where it is less than the experiment says. */
const TRAINED = {
  'shortcut.safetensors': { experiment: parseExperiment(literal), steps: 400 },
  'picture.safetensors': { experiment: parseExperiment(picture) },
  // Nearly twice as large as the others: its numbers are halved in length.
  'thirdParty.safetensors': { experiment: parseExperiment(demo), short: true },
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
  for (const [name, { experiment: whole, steps = whole.training.steps, short = false }] of Object.entries(TRAINED)) {
    const experiment = withSteps(whole, steps);
    const { weights } = await train({ engine, experiment, seed: 1, threads: 2, startPool: startWorkers() });
    const file = encodeCheckpoint(experiment.model, weights);
    files[name] = short ? asBfloat16(file) : file;
  }
  return files;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href)
  for (const [name, bytes] of Object.entries(await galleryModels()))
    writeFileSync(new URL(`../src/gallery/${name}`, import.meta.url), bytes);
