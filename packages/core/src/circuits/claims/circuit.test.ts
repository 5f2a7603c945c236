import { describe, expect, test } from 'vitest';
import { randomModel } from '../../../test/support/models.ts';
import { referenceEngine } from '../../engine/engine.ts';
import { allHeads } from '../../model/heads.ts';
import { ablateEdges, allEdges, edgeLabel, type HeadEdge } from '../causal/edges.ts';
import { RepeatSet } from '../data/repeatSet.ts';
import { ablateHeads, keepCircuit, keepHeads } from './circuit.ts';
import { eliminate } from './elimination.ts';

describe('elimination', () => {
  /** Loss 0, and for each group of which nothing is left, its cost. */
  const needs =
    (...groups: readonly (readonly [members: string, cost: number])[]) =>
    (gone: readonly string[]): number =>
      groups.reduce((sum, [members, cost]) => sum + ([...members].every((m) => gone.includes(m)) ? cost : 0), 0);
  const members = ['a', 'b', 'c', 'd', 'e'];

  test('keeps one of two redundant members, though each alone is harmless, and what nothing stands in for', () => {
    const loss = needs(['bd', 3], ['a', 3]);
    for (const member of ['b', 'c', 'd', 'e']) expect(loss([member])).toBe(0);
    const left = eliminate(members, 1, loss);
    expect(left).toHaveLength(2);
    expect(left).toContain('a');
    expect(left.filter((m) => 'bd'.includes(m))).toHaveLength(1);
  });

  test('spares as much as the limit allows, and never more', () => {
    const each = needs(['a', 1], ['b', 2], ['c', 3], ['d', 4], ['e', 5]);
    expect(eliminate(members, 6, each)).toEqual(['d', 'e']); // 1 + 2 + 3 is 6: at the limit, not above it
    expect(eliminate(members, 5.9, each)).toEqual(['c', 'd', 'e']);
    expect(eliminate(members, 0.9, each)).toEqual(members);
  });

  test('keeps nothing when everything can be spared together, and nothing of nothing', () => {
    expect(eliminate(members, 1, () => 0)).toEqual([]);
    expect(eliminate([], 1, () => 0)).toEqual([]);
  });

  test('takes the least harmful first and gives what is left in the order of the members', () => {
    const loss = needs(['e', 0.4], ['c', 0.5], ['a', 0.6], ['b', 9], ['d', 9]);
    expect(eliminate(members, 1, loss)).toEqual(['a', 'b', 'd']); // e and c cost 0.9 together
    expect(eliminate([...members].reverse(), 1, loss)).toEqual(['d', 'b', 'a']);
  });

  test('goes over what it kept again: a member may be spared once another is gone', () => {
    // Without a, b is needed as long as c is there; the order of first costs is a, b, c.
    const loss = (gone: readonly string[]): number =>
      gone.includes('b') && gone.includes('a') && !gone.includes('c') ? 5 : 0;
    const order = (gone: readonly string[]): number =>
      loss(gone) + (gone.length === 1 ? 'abc'.indexOf(gone[0]!) / 10 : 0);
    expect(eliminate(['a', 'b', 'c'], 1, order)).toEqual([]);
  });
});

describe('what leaves only a circuit', () => {
  const model = randomModel(referenceEngine, { nLayers: 3, nHeads: 2, dModel: 7, dHead: 3, nCtx: 11, dVocab: 5 });
  const set = new RepeatSet(model, { sequences: 2, seed: 1, periods: [3, 5] });
  const heads = allHeads(model.config);
  const edges = allEdges(model.config) as HeadEdge[];
  const edge = (label: string): HeadEdge => edges.find((e) => edgeLabel(e) === label)!;

  test('every path between heads of different layers is an edge, once', () => {
    expect(edges).toHaveLength((2 * 2 + 4 * 2) * 3);
    expect(new Set(edges.map(edgeLabel)).size).toBe(edges.length);
    expect(edges.map(edgeLabel)).toContain('L0H1 → L2H0 V');
  });

  test('is nothing at all for the whole model', () => {
    expect(keepHeads(set, heads)).toEqual([]);
    expect(keepCircuit(set, { heads, edges })).toEqual([]);
  });

  test('is for all heads without edges the ablation of all edges, and for none the ablation of all heads', () => {
    expect(set.losses(keepCircuit(set, { heads, edges: [] }))).toEqual(set.losses(ablateEdges(edges, { set })));
    expect(set.losses(keepCircuit(set, { heads: [], edges: [] }))).toEqual(set.losses(ablateHeads(set, heads)));
  });

  test('ablates, between the heads that stay, the edges that are not the circuit’s, and all other heads', () => {
    const kept = [heads[0]!, heads[3]!, heads[4]!];
    const own = [edge('L0H0 → L1H1 K'), edge('L1H1 → L2H0 V')];
    const others = edges.filter(
      (e) =>
        kept.includes(heads[2 * e.source.layer + e.source.head]!) &&
        kept.includes(heads[2 * e.target.layer + e.target.head]!) &&
        !own.includes(e),
    );
    expect(others).toHaveLength(3 * 3 - 2);
    const byHand = [...ablateHeads(set, [heads[1]!, heads[2]!, heads[5]!]), ...ablateEdges(others, { set })];
    expect(set.losses(keepCircuit(set, { heads: kept, edges: own }))).toEqual(set.losses(byHand));
  });

  test('an edge that is ablated leaves its source’s mean to that input of that head alone', () => {
    expect(ablateEdges([edge('L0H0 → L2H1 K'), edge('L0H0 → L1H1 Q'), edge('L1H1 → L2H1 K')])).toEqual([
      {
        kind: 'removeFromInput',
        layer: 2,
        head: 1,
        input: 'k',
        sources: [
          { layer: 0, head: 0 },
          { layer: 1, head: 1 },
        ],
        by: 'mean',
      },
      { kind: 'removeFromInput', layer: 1, head: 1, input: 'q', sources: [{ layer: 0, head: 0 }], by: 'mean' },
    ]);
  });
});
