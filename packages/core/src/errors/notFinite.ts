/**
 * Raised where a model's outputs are not finite numbers, although its weights are: there is nothing to measure, and no
 * verdict. The message is one sentence: what, where, remedy.
 */
export class NotFiniteError extends Error {}
