// What a position is to predict, as the loss and its gradient want it: a token; a token that is measured but not trained
// on; or nothing. One number for each position: t, −2 − t, −1, as the kernels know it too (assembly/crossEntropy.ts).

/** There is no next token. */
export const NO_TARGET = -1;

/** The token is measured, and has no part in the gradient. */
export const measuredOnly = (token: number): number => -2 - token;

/** Whether a position counts towards the mean loss and its gradient. */
export const countsToLoss = (target: number): boolean => target >= 0;

/** The token that a position's loss is of; below 0 where there is none. */
export const tokenOf = (target: number): number => (target >= 0 ? target : -2 - target);

/** The target of position t of a sequence: the next token, which counts for t in [from, to). */
export function targetAt(
  tokens: ArrayLike<number>,
  t: number,
  { length, from, to }: { length: number; from: number; to: number },
): number {
  if (t >= length - 1) return NO_TARGET;
  const next = tokens[t + 1] as number;
  return t >= from && t < to ? next : measuredOnly(next);
}
