import type { View } from '../protocol.ts';

/** The weights of one head in a view: [queryPos, keyPos]. */
export function headWeights(view: View, head: number, part: 'patterns' | 'control' = 'patterns'): Float32Array {
  const cells = view.tokens.length ** 2;
  return view[part].subarray(head * cells, (head + 1) * cells);
}
