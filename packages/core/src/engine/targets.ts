// What a position is to predict, as the loss reads it: a token, or a token that is measured but not trained on, or nothing.
// The kernels know the same numbers (assembly/crossEntropy.ts).

/** The position predicts nothing: its loss and its gradient are 0. */
export const NO_TARGET = -1;

/** The position predicts this token, and is trained on it. */
export const target = (token: number): number => token;

/** The position's loss for this token is measured; its gradient is 0. */
export const notTrained = (token: number): number => -2 - token;

/** Whether the position is trained on. */
export const isTrained = (target: number): boolean => target >= 0;

/** The token that a position's loss is of; below 0 where there is none. */
export const tokenOf = (target: number): number => (target >= 0 ? target : -2 - target);
