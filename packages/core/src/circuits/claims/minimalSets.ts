// The smallest sets of heads that suffice: found by taking away and by adding, and by doing without each head of one found.
import { allHeads, type HeadIndex, labelOf, sameHead } from '../../model/heads.ts';
import type { PromptSet } from '../data/promptSet.ts';
import { ablateHeads } from './circuit.ts';
import { cleanCost, costOf } from './circuitChoice.ts';
import { eliminate } from './elimination.ts';

/** What a minimal set keeps. */
const MINIMAL = 0.95;
/** Adding tries every head for every place in a set: among more heads than these only taking away is tried. */
const MOST_ADDED = 16;
/** Alternatives are looked for to sets of at most so many heads. */
const MOST_REPLACED = 8;
/** So many times a set is looked for, and so many ways to do without heads are tried. */
const [MOST_SOUGHT, MOST_TRIED] = [6, 24];

/**
 * Sets of heads that keep 95 % of the drop, every other head mean-ablated, and of which none can be spared: the smallest
 * first. Another set lacks a head of each one that is known, so heads of those are done without in turn, and together (the
 * hitting-set tree of Reiter 1987, cut off where it grows large).
 */
export function minimalSets(set: PromptSet): HeadIndex[][] {
  const heads = allHeads(set.model.config);
  const lossWithout = (gone: readonly HeadIndex[]): number => costOf(set, ablateHeads(set, gone));
  const clean = cleanCost(set);
  const limit = clean + (1 - MINIMAL) * (lossWithout(heads) - clean);
  const without = (out: readonly HeadIndex[]): HeadIndex[] =>
    eliminate(among(heads, out, false), limit, (gone) => lossWithout([...out, ...gone]));
  const found = new Map<string, HeadIndex[]>();
  const add = (members: readonly HeadIndex[]): void => void found.set(members.map(labelOf).join(), [...members]);
  const ways: (readonly HeadIndex[])[] = [[]];
  const known = new Set<string>();
  for (let [sought, tried] = [0, 0]; ways.length > 0 && sought < MOST_SOUGHT && tried < MOST_TRIED; tried++) {
    const out = ways.shift()!;
    if (out.length > 0 && lossWithout(out) > limit) continue;
    const members = without(out);
    sought++;
    add(members);
    if (members.length > MOST_REPLACED) continue;
    for (const head of members) {
      const way = among(heads, [...out, head], true);
      const name = way.map(labelOf).join();
      if (!known.has(name)) ways.push(way);
      known.add(name);
    }
  }
  if (heads.length <= MOST_ADDED) {
    const added = addUntil(heads, limit, lossWithout);
    if (added) add(without(among(heads, added, false)));
  }
  return [...found.values()].sort((a, b) => a.length - b.length);
}

const among = (heads: readonly HeadIndex[], chosen: readonly HeadIndex[], inside: boolean): HeadIndex[] =>
  heads.filter((head) => chosen.some((other) => sameHead(head, other)) === inside);

/** Heads added one by one, the one that helps most first, until the loss is within the limit; null if it never is. */
function addUntil(
  heads: readonly HeadIndex[],
  limit: number,
  lossWithout: (gone: readonly HeadIndex[]) => number,
): HeadIndex[] | null {
  let kept: HeadIndex[] = [];
  while (kept.length < heads.length) {
    const tried = among(heads, kept, false).map((head) => {
      const members = [...kept, head];
      return { members, loss: lossWithout(among(heads, members, false)) };
    });
    const best = tried.reduce((a, b) => (b.loss < a.loss ? b : a));
    kept = best.members;
    if (best.loss <= limit) return kept;
  }
  return null;
}
