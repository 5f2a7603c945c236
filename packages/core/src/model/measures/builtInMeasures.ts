// The measures that have a name: means over a sequence's queries.
import { crossEntropy } from './crossEntropy.ts';
import type { Measure, MeasuredSequence } from './measure.ts';

/** The names of the built-in measures. */
export const MEASURE_NAMES = ['loss', 'logit-diff', 'probability'] as const;
/** The name of a built-in measure. */
export type MeasureName = (typeof MEASURE_NAMES)[number];

const mean = ({ queries }: MeasuredSequence, of: (query: number, i: number) => number): number =>
  queries.reduce((sum, query, i) => sum + of(query, i), 0) / queries.length;

/** dValue / dLogits of a mean over queries; `row` adds a query's own gradient times `share` to a row of logits. */
function gradientOf(
  { logits, dVocab, queries }: MeasuredSequence,
  row: (out: Float64Array, query: number, i: number, share: number) => void,
): Float64Array {
  const gradient = new Float64Array(logits.length);
  queries.forEach((query, i) => {
    row(gradient.subarray(query * dVocab, (query + 1) * dVocab), query, i, 1 / queries.length);
  });
  return gradient;
}

/** The model's probabilities of the next token at a query: [dVocab]. */
function probabilities({ logits, dVocab }: MeasuredSequence, query: number): Float64Array {
  const row = Float64Array.from(logits.subarray(query * dVocab, (query + 1) * dVocab));
  const top = row.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const exponentials = row.map((x) => Math.exp(x - top));
  const sum = exponentials.reduce((total, x) => total + x, 0);
  return exponentials.map((x) => x / sum);
}

/** −ln p(answer), not of a rounded p: where the answer is almost certain, p rounds to 1. */
const lossAt = ({ logits, dVocab }: MeasuredSequence, query: number, answer: number): number =>
  crossEntropy(logits.subarray(query * dVocab, (query + 1) * dVocab), answer);

/** The built-in measures by name; docs/causes.md defines them. */
export const MEASURES: Readonly<Record<MeasureName, Required<Measure>>> = {
  /** Mean of −ln p(answer). */
  loss: {
    ...{ name: 'loss', unit: 'nats', better: 'lower', needs: ['answers'] },
    value: (s) => mean(s, (query, i) => lossAt(s, query, s.answers[i]!)),
    gradient: (s) =>
      gradientOf(s, (out, query, i, share) => {
        probabilities(s, query).forEach((p, token) => {
          out[token] = share * (p - (token === s.answers[i] ? 1 : 0));
        });
      }),
  },
  /** Mean of logit(answer) − logit(wrong). */
  'logit-diff': {
    ...{ name: 'logit-diff', unit: 'logits', better: 'higher', needs: ['answers', 'wrong'] },
    value: (s) =>
      mean(s, (query, i) => s.logits[query * s.dVocab + s.answers[i]!]! - s.logits[query * s.dVocab + s.wrong[i]!]!),
    gradient: (s) =>
      gradientOf(s, (out, _, i, share) => {
        out[s.answers[i]!]! += share;
        out[s.wrong[i]!]! -= share;
      }),
  },
  /** Mean of p(answer). */
  probability: {
    ...{ name: 'probability', unit: 'probability', better: 'higher', needs: ['answers'] },
    value: (s) => mean(s, (query, i) => probabilities(s, query)[s.answers[i]!]!),
    gradient: (s) =>
      gradientOf(s, (out, query, i, share) => {
        const p = probabilities(s, query);
        const right = p[s.answers[i]!]!;
        p.forEach((other, token) => {
          out[token] = share * right * ((token === s.answers[i] ? 1 : 0) - other);
        });
      }),
  },
};
