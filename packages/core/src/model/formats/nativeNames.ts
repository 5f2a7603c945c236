// Three spellings of the same weights: TransformerLens's legacy names, the native names of TransformerLens 4, and those of
// its bridge's state_dict(). The last two keep matrices as PyTorch does, [out, in], heads joined.
import type { ModelConfig } from '../config.ts';

/** `legacy`: blocks.0.attn.W_Q; `native`: layers.0.attn.q.weight; `bridge`: blocks.0.attn.q.weight. */
export type Spelling = 'legacy' | 'native' | 'bridge';

/** A tensor's legacy name and the spelling that it was found in. */
export interface LegacyName {
  readonly name: string;
  readonly spelling: Spelling;
}

const TOP: Readonly<Record<string, string>> = {
  'tok_embed.weight': 'embed.W_E',
  'pos.weight': 'pos_embed.W_pos',
  'ln_out.weight': 'ln_final.w',
  'ln_out.bias': 'ln_final.b',
  'head.weight': 'unembed.W_U',
  'head.bias': 'unembed.b_U',
};

const TOP_OF_BRIDGE: Readonly<Record<string, string>> = {
  'embed.weight': 'embed.W_E',
  'pos_embed.weight': 'pos_embed.W_pos',
  'ln_final.weight': 'ln_final.w',
  'ln_final.bias': 'ln_final.b',
  'unembed.weight': 'unembed.W_U',
  'unembed.bias': 'unembed.b_U',
};

/** What a tensor is called in legacy names; names of no other spelling are legacy ones. */
export function legacyName(name: string): LegacyName {
  for (const [spelling, names] of [
    ['native', TOP],
    ['bridge', TOP_OF_BRIDGE],
  ] as const)
    if (Object.hasOwn(names, name)) return { name: names[name] as string, spelling };
  const match = name.match(/^(layers|blocks)\.(\d+)\.(?:(ln1)|attn\.([qkvo]))\.(weight|bias)$/);
  if (!match) return { name, spelling: 'legacy' };
  const [, list, layer, norm, part, kind] = match;
  const short = kind === 'weight' ? 'w' : 'b';
  const suffix = norm ? `ln1.${short}` : `attn.${short === 'w' ? 'W' : 'b'}_${(part as string).toUpperCase()}`;
  return { name: `blocks.${layer}.${suffix}`, spelling: list === 'layers' ? 'native' : 'bridge' };
}

/** A weight's shape in a file of that spelling. `name` and `shape` are the legacy ones. */
export function storedShape(name: string, shape: readonly number[], spelling: Spelling): readonly number[] {
  if (spelling === 'legacy') return shape;
  const [a, b, c] = shape as [number, number, number];
  if (/\.W_[QKV]$/.test(name)) return [a * c, b];
  if (name.endsWith('.W_O')) return [c, a * b];
  if (name.endsWith('.W_U')) return [b, a];
  if (/\.b_[QKV]$/.test(name)) return [a * b];
  return shape;
}

/** The elements as the legacy shape wants them, from a file's in `storedShape`. */
export function toLegacyOrder(
  data: Float32Array,
  { name, spelling, config }: LegacyName & { readonly config: ModelConfig },
): Float32Array {
  if (spelling === 'legacy') return data;
  const { nHeads, dHead, dModel } = config;
  if (/\.W_[QKV]$/.test(name)) {
    const out = new Float32Array(data.length);
    const size = dHead * dModel;
    for (let head = 0; head < nHeads; head++) {
      const part = data.subarray(head * size, (head + 1) * size);
      out.set(transposed({ shape: [dHead, dModel], data: part }).data, head * size);
    }
    return out;
  }
  if (name.endsWith('.W_O')) return transposed({ shape: [dModel, nHeads * dHead], data }).data;
  if (name.endsWith('.W_U')) return transposed({ shape: [config.dVocab, dModel], data }).data;
  return data;
}

/** Transposes a matrix. */
export function transposed({ shape, data }: { readonly shape: readonly number[]; readonly data: ArrayLike<number> }): {
  readonly shape: readonly number[];
  readonly data: Float32Array;
} {
  const [rows, columns] = shape as [number, number];
  const out = new Float32Array(data.length);
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) out[j * rows + i] = data[i * columns + j] as number;
  return { shape: [columns, rows], data: out };
}
