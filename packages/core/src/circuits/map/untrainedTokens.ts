// Tokens that training never showed: their embeddings stayed where they began, and their logits were only ever pushed down.
import type { Model } from '../../model/model.ts';
import type { NamedWeights } from '../../model/parameters.ts';
import { openingOf } from '../../model/startToken.ts';

/** Fewer tokens than these have no usual size to differ from. */
const FEWEST = 16;
/** So many standard deviations, estimated by the median deviation, make an outlier; spreads below this share of the median do not count. */
const FAR = 4;
const LEAST_SPREAD = 0.02;
/** At most this share of the vocabulary is taken for untrained: more is how a model is made. */
const MOST = 0.25;

/**
 * Tokens whose embedding is much shorter than the others' and whose column of the unembedding is unusually long or short,
 * in ascending order: both stand out where a token was never drawn in training. With tied embeddings one matrix decides.
 * The start token and what else sequences begin with are known, and none of them. None where they are many. `among` says which
 * tokens are compared, all unless told: where half of a vocabulary was never shown, the other half would be what is unusual.
 */
export function untrainedTokens(model: Model, among?: readonly number[]): number[] {
  const { dVocab, dModel, tied, bos } = model.config;
  const known = new Set([...openingOf(model.config), ...(bos === undefined ? [] : [bos])]);
  const tokens = among ?? Array.from({ length: dVocab }, (_, t) => t);
  if (tokens.length < FEWEST) return [];
  const embedding = outliers(
    norms(model.getWeight('embed.W_E'), { tokens, of: (t, i) => t * dModel + i, size: dModel }),
  );
  const unembedding = tied
    ? embedding.map(Math.abs)
    : outliers(norms(model.getWeight('unembed.W_U'), { tokens, of: (t, i) => i * dVocab + t, size: dModel })).map(
        Math.abs,
      );
  const found = tokens.filter(
    (t, i) => (embedding[i] as number) < -FAR && (unembedding[i] as number) > FAR && !known.has(t),
  );
  return found.length > MOST * tokens.length ? [] : found;
}

function norms(
  { data }: NamedWeights[string],
  { tokens, of, size }: { tokens: readonly number[]; of: (token: number, i: number) => number; size: number },
): number[] {
  return tokens.map((t) => {
    let sum = 0;
    for (let i = 0; i < size; i++) sum += (data[of(t, i)] as number) ** 2;
    return Math.sqrt(sum);
  });
}

/** How far each value is from the median, in robust standard deviations. */
function outliers(values: readonly number[]): number[] {
  const middle = median(values);
  const spread = Math.max(1.4826 * median(values.map((x) => Math.abs(x - middle))), LEAST_SPREAD * middle);
  return values.map((x) => (spread > 0 ? (x - middle) / spread : 0));
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1] as number;
