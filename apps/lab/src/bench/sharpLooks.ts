// Where each head looks from one query, if it looks somewhere sharply, and how that place lies to the query. Every head
// counts, whatever it is taken for: a shortcut shows as plainly as an induction head.
import type { View } from '../protocol.ts';
import { headWeights } from './headWeights.ts';

/** What one place has to do with the query: several may hold at once. */
export type Relation =
  | 'itself'
  | 'previous token'
  | 'first token'
  | 'start token'
  | 'same token'
  | 'after an earlier copy'
  | 'fixed distance';

export interface SharpLook {
  readonly label: string;
  /** Of the head in the view. */
  readonly index: number;
  readonly key: number;
  readonly weight: number;
  /** Positions between query and key. */
  readonly back: number;
  readonly relations: readonly Relation[];
}

/** Attention above that of a head which looks everywhere alike, 1 / (q + 1): the audit's measure for keeping a distance. */
const SHARP = 0.3;

const isSharp = (weight: number, query: number): boolean => weight - 1 / (query + 1) > SHARP;

/** The key with the largest weight of each head that has a sharp one, in the order of the heads. */
export function sharpLooks(shown: View, query: number): SharpLook[] {
  const size = shown.tokens.length;
  return shown.bars.flatMap(({ label }, index) => {
    const row = headWeights(shown, index).subarray(query * size, query * size + query + 1);
    const key = row.reduce((best, weight, k) => (weight > (row[best] as number) ? k : best), 0);
    const weight = row[key] ?? 0;
    if (!isSharp(weight, query)) return [];
    return [{ label, index, key, weight, back: query - key, relations: relationsOf(shown, index, query, key) }];
  });
}

function relationsOf(shown: View, head: number, query: number, key: number): Relation[] {
  const { tokens } = shown;
  const back = query - key;
  if (back === 0) return ['itself'];
  const relations: Relation[] = [];
  if (back === 1) relations.push('previous token');
  else if (key === 0) relations.push(shown.start > 0 ? 'start token' : 'first token');
  else if (isSharp(headWeights(shown, head, 'control')[query * tokens.length + key] ?? 0, query))
    relations.push('fixed distance'); // it looks there where nothing repeats, too
  if (tokens[key] === tokens[query]) relations.push('same token');
  if (key > 0 && tokens[key - 1] === tokens[query]) relations.push('after an earlier copy');
  return relations;
}

/** Groups of heads that are named; the rest is counted. */
const MOST_GROUPS = 6;
/** Heads that are named in a group. */
const MOST_HEADS = 4;

/** Where the heads look, in words: `L0H2: 24 back at 6 (17, 0.97), fixed distance; ...`. Empty where none looks sharply. */
export function sharpText(looks: readonly SharpLook[], word: (key: number) => string): string {
  const groups = new Map<string, SharpLook[]>();
  for (const look of looks) {
    const place = `${look.key} ${look.relations.join()}`;
    groups.set(place, [...(groups.get(place) ?? []), look]);
  }
  const all = [...groups.values()];
  const said = all.slice(0, MOST_GROUPS).map((group) => groupText(group, word));
  const left = all.slice(MOST_GROUPS).reduce((sum, group) => sum + group.length, 0);
  return [...said, ...(left > 0 ? [`and ${left} more heads`] : [])].join('; ');
}

function groupText(group: readonly SharpLook[], word: (key: number) => string): string {
  const { key, back, relations } = group[0] as SharpLook;
  const labels = group.slice(0, MOST_HEADS).map(({ label }) => label);
  const names =
    group.length > MOST_HEADS ? `${labels.join(', ')} and ${group.length - MOST_HEADS} more` : labels.join(', ');
  const weights = group.map(({ weight }) => weight);
  const [low, high] = [Math.min(...weights).toFixed(2), Math.max(...weights).toFixed(2)];
  const weight = low === high ? low : `${low} to ${high}`;
  const distance = back === 0 ? [] : [`${back} back`];
  return `${names}: ${[...distance, ...relations].join(', ')} (key ${key}, token ${word(key)}, ${weight})`;
}
