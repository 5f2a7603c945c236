import type { Lab } from '../lab/createLab.ts';
import type { View } from '../protocol.ts';
import { type SharpLook, sharpLooks } from './sharpLooks.ts';

/** Points at the key at which the sharpest look of a query goes, one by content before one by position. */
export function pointAt({ cell }: Pick<Lab, 'cell'>, shown: View, query: number): void {
  const rank = ({ relations, weight }: SharpLook): number =>
    weight + (relations.includes('after an earlier copy') ? 1 : 0);
  const found = sharpLooks(shown, query).sort((a, b) => rank(b) - rank(a))[0];
  cell.value = { query, key: found?.key ?? query, head: found?.index ?? null };
}
