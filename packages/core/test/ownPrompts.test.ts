// From outside: prompts of somebody's own, with corrupted twins and wrong answers, measured by a measure of their own.
import { describe, expect, test } from 'vitest';
import {
  ablationEffects,
  activationPatching,
  evaluateCircuit,
  handBuiltInduction,
  loadEngine,
  logitAttribution,
  type Measure,
  PromptSet,
  type Prompts,
  pathTable,
  promptScores,
} from '../src/node.ts';

const model = handBuiltInduction(await loadEngine({ exact: true }), { dVocab: 17, nCtx: 12 });

/** How far the right answer's logit is above the largest other one, in the worst of the queries. */
const margin: Measure = {
  ...{ name: 'margin', unit: 'logits', needs: ['answers'] },
  value: (s) => Math.min(...s.queries.map((q, i) => marginAt(s, q, s.answers[i]!).margin)),
  gradient: (s) => {
    const at = s.queries.map((q, i) => ({ q, answer: s.answers[i]!, ...marginAt(s, q, s.answers[i]!) }));
    const worst = at.reduce((a, b) => (b.margin < a.margin ? b : a));
    const gradient = new Float64Array(s.logits.length);
    gradient[worst.q * s.dVocab + worst.answer] = 1;
    gradient[worst.q * s.dVocab + worst.rival] = -1;
    return gradient;
  },
};

function marginAt(
  { logits, dVocab }: { logits: ArrayLike<number>; dVocab: number },
  query: number,
  answer: number,
): { margin: number; rival: number } {
  const at = (token: number): number => logits[query * dVocab + token]!;
  const others = Array.from({ length: dVocab }, (_, t) => t).filter((t) => t !== answer);
  const rival = others.reduce((a, b) => (at(b) > at(a) ? b : a));
  return { margin: at(answer) - at(rival), rival };
}

/** "… 3 5 … 3" asks for 5; the twin has another token in place of the earlier 3. Lengths and places differ. */
const prompts: Prompts = [
  { tokens: [1, 3, 5, 8, 3], queries: [4], answers: [5], wrong: [8], corrupted: [1, 9, 5, 8, 3] },
  { tokens: [4, 2, 7, 6, 0, 2], queries: [5], answers: [7], wrong: [6], corrupted: [4, 9, 7, 6, 0, 2] },
  { tokens: [6, 8, 2, 1, 8], queries: [4], answers: [2], wrong: [1], corrupted: [6, 9, 2, 1, 8] },
  { tokens: [5, 1, 4, 7, 3, 1], queries: [5], answers: [4], wrong: [7], corrupted: [5, 9, 4, 7, 3, 1] },
  { tokens: [2, 0, 3, 4, 1, 6, 0], queries: [6], answers: [3], wrong: [4], corrupted: [2, 9, 3, 4, 1, 6, 0] },
  { tokens: [7, 5, 6, 2, 8, 1, 5], queries: [6], answers: [6], wrong: [2], corrupted: [7, 9, 6, 2, 8, 1, 5] },
];

describe.for(['logit-diff', 'probability', 'loss', margin] as const)('measured by %o', (measure) => {
  const name = typeof measure === 'string' ? measure : measure.name;

  test('patching puts the previous-token head’s key and the induction head’s output back, and nothing else', () => {
    const { effects, doesNotApply, sequences, ...record } = activationPatching(model, prompts, { measure });
    expect({ doesNotApply, sequences, length: record.length }).toEqual({ doesNotApply: null, sequences: 6, length: 7 });
    expect(record.measure!.name).toBe(name);
    expect(effects.map(({ label, effect }) => [label, Math.round(effect.value * 1e6) / 1e6])).toEqual([
      ['L0H0', 1],
      ['L0H1', 0],
      ['L1H0', 1],
      ['L1H1', 0],
    ]);
  });

  test('what each head, and each edge, is good for, with the other heads of its layer as control', () => {
    const { heads, cleanLoss } = ablationEffects(model, { prompts, measure });
    const loses = measure === 'loss' ? 1 : -1;
    for (const { label, increase, control } of heads) {
      const works = label.endsWith('H0');
      expect(loses * (works ? increase : control!).value, label).toBeGreaterThan(0.9);
      expect((works ? control! : increase).value, label).toBeCloseTo(0, 6);
      expect(increase.n).toBe(6);
    }
    if (name === 'logit-diff' || name === 'margin') expect(cleanLoss.value).toBeCloseTo(20, 4);
    const { cells } = pathTable(model, { prompts, measure });
    for (const { source, target, input, increase } of cells)
      if (source === 'L0H0' && target === 'L1H0' && input === 'k') expect(loses * increase.value).toBeGreaterThan(0.9);
      else expect(increase.value).toBeCloseTo(0, 6);
  });

  test('the circuit is chosen on one half and evaluated on the other, against random ones', () => {
    const found = evaluateCircuit(model, { prompts, measure, seed: 2 });
    expect(found.edges).toEqual([{ source: 'L0H0', target: 'L1H0', input: 'k' }]);
    expect(found.faithfulness!.kept.value).toBeCloseTo(1, 4);
    expect(found.faithfulness!.lost.value).toBeGreaterThan(0.9);
    expect([found.selected.sequences, found.measured.sequences]).toEqual([3, 3]);
    for (const { kept } of found.random) expect(kept).toBeLessThan(0.2);
    expect(found.heads.map(({ label, role }) => `${label} ${role}`)).toEqual(['L0H0 source', 'L1H0 reader']);
  });
});

test('the logit difference splits into what each part wrote; scores say where its heads look', () => {
  const { parts, total } = logitAttribution(new PromptSet(model, { prompts, measure: 'logit-diff' }));
  expect(total.value).toBeCloseTo(20, 4);
  for (const { part, logit, loss } of parts) {
    expect(logit.value, part).toBeCloseTo(part === 'L1H0' ? 20 : 0, 4);
    expect(loss.value, part).toBeCloseTo(part === 'L1H0' ? -20 : 0, 4);
  }
  const { heads, chance } = promptScores(model, prompts);
  expect(heads[0]!.previousToken.value).toBeCloseTo(1, 6);
  expect(heads[2]!.inductionByContent.value).toBeCloseTo(1, 6);
  expect(heads[1]!.firstToken.value).toBeCloseTo(chance.firstToken, 6); // zeros attend evenly
});
