// TransformerLens 4 ("native") spells the weights differently and keeps matrices as PyTorch does, [out, in].
import type { StoredTensor } from './safetensors.ts';

/** Transposes the last two axes of a matrix. */
export function transposed({
  shape,
  data,
}: {
  readonly shape: readonly number[];
  readonly data: ArrayLike<number>;
}): StoredTensor {
  const [rows, columns] = shape as [number, number];
  const out = new Float32Array(data.length);
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) out[j * rows + i] = data[i * columns + j] as number;
  return { shape: [columns, rows], data: out };
}

/** TransformerLens 4's native names and [out, in] matrices, as legacy names and shapes; legacy names pass unchanged. */
export function toLegacyNames(tensors: Record<string, StoredTensor>, raw: unknown): Record<string, StoredTensor> {
  const { n_heads: heads, d_head: dHead } = (raw ?? {}) as { n_heads?: number; d_head?: number };
  const perHead = ({ shape, data }: StoredTensor): StoredTensor => ({
    shape: [heads ?? 0, dHead ?? 0, shape[1] ?? 1],
    data,
  });
  const swapLast = (t: StoredTensor): StoredTensor => {
    const [h, c, d] = t.shape as [number, number, number];
    const parts = Array.from(
      { length: h },
      (_, i) => transposed({ shape: [c, d], data: t.data.subarray(i * c * d, (i + 1) * c * d) }).data,
    );
    return { shape: [h, d, c], data: Float32Array.from(parts.flatMap((p) => [...p])) };
  };
  const rules: [RegExp, (match: RegExpMatchArray) => string, (t: StoredTensor) => StoredTensor][] = [
    [/^tok_embed\.weight$/, () => 'embed.W_E', (t) => t],
    [/^pos\.weight$/, () => 'pos_embed.W_pos', (t) => t],
    [/^layers\.(\d+)\.ln1\.(weight|bias)$/, (m) => `blocks.${m[1]}.ln1.${m[2] === 'weight' ? 'w' : 'b'}`, (t) => t],
    [
      /^layers\.(\d+)\.attn\.([qkv])\.weight$/,
      (m) => `blocks.${m[1]}.attn.W_${m[2]!.toUpperCase()}`,
      (t) => swapLast(perHead(t)),
    ],
    [/^layers\.(\d+)\.attn\.o\.weight$/, (m) => `blocks.${m[1]}.attn.W_O`, (t) => perHead(transposed(t))],
    [
      /^layers\.(\d+)\.attn\.([qkv])\.bias$/,
      (m) => `blocks.${m[1]}.attn.b_${m[2]!.toUpperCase()}`,
      (t) => ({ shape: [heads ?? 0, dHead ?? 0], data: t.data }),
    ],
    [/^layers\.(\d+)\.attn\.o\.bias$/, (m) => `blocks.${m[1]}.attn.b_O`, (t) => t],
    [/^ln_out\.(weight|bias)$/, (m) => `ln_final.${m[1] === 'weight' ? 'w' : 'b'}`, (t) => t],
    [/^head\.weight$/, () => 'unembed.W_U', transposed],
    [/^head\.bias$/, () => 'unembed.b_U', (t) => t],
  ];
  const out: Record<string, StoredTensor> = {};
  for (const [name, tensor] of Object.entries(tensors)) {
    const rule = rules.find(([pattern]) => pattern.test(name));
    if (!rule) out[name] = tensor;
    else out[rule[1](name.match(rule[0]) as RegExpMatchArray)] = rule[2](tensor);
  }
  return out;
}
