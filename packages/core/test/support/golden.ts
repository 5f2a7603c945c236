// Reads the float64 golden data (test/golden/README.txt says how it was made).
import { readFileSync } from 'node:fs';
import { type ModelConfig, modelConfig } from '../../src/model/config.ts';

export interface Golden {
  readonly config: ModelConfig;
  readonly learningRate: number;
  readonly weightDecay: number;
  /** A named entry, flat and row-major. */
  get(name: string): Float64Array;
}

export const GOLDEN = ['tiny_noln', 'tiny_ln', 'full_noln', 'full_ln'] as const;

export function loadGolden(name: (typeof GOLDEN)[number]): Golden {
  const file = (ending: string): URL => new URL(`../golden/${name}.${ending}`, import.meta.url);
  const json = JSON.parse(readFileSync(file(name.startsWith('tiny') ? 'json' : 'manifest.json'), 'utf8'));
  const g = json.config as Record<string, number>;
  const config = modelConfig({
    nLayers: g.n_layers!,
    nHeads: g.n_heads!,
    dModel: g.d_model!,
    dHead: g.d_head!,
    nCtx: g.n_ctx!,
    dVocab: g.d_vocab!,
    normalization: g.ln === 1 ? 'LN' : null,
    biases: true,
  });
  const head = { config, learningRate: g.lr!, weightDecay: g.wd! };
  if (name.startsWith('tiny'))
    return { ...head, get: (key) => Float64Array.from([json.data[key]].flat(9) as number[]) };
  const raw = readFileSync(file('bin'));
  return {
    ...head,
    get: (key) => {
      const entry = json.entries.find((e: { name: string }) => e.name === key) as { offset: number; count: number };
      const start = raw.byteOffset + entry.offset * 8;
      return new Float64Array(raw.buffer.slice(start, start + entry.count * 8));
    },
  };
}

/** ‖got − want‖ / ‖want‖, or ‖got‖ where want is zero. */
export function distance(got: ArrayLike<number>, want: ArrayLike<number>): number {
  if (got.length !== want.length) throw new Error(`distance: ${got.length} numbers against ${want.length}.`);
  let difference = 0;
  let norm = 0;
  for (let i = 0; i < got.length; i++) {
    difference += (got[i]! - want[i]!) ** 2;
    norm += want[i]! ** 2;
  }
  return Math.sqrt(difference / (norm || 1));
}
