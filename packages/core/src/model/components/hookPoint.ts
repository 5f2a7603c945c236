// What a component says of one of its hook points: its name, its axes, and whether it is there only when asked for.

/** Axes of an activation, in order. `one` has a single entry; a `keyValueHead` serves several heads. */
export type Axis =
  | 'batch'
  | 'pos'
  | 'head'
  | 'keyValueHead'
  | 'queryPos'
  | 'keyPos'
  | 'dModel'
  | 'dHead'
  | 'dMlp'
  | 'one';

/** A hook point of a model, as its component declares it. */
export interface HookPoint {
  /** As in `blocks.0.attn.hook_z`. */
  readonly name: string;
  readonly axes: readonly Axis[];
  /** Costs memory of its own, so it is there only when named. */
  readonly onRequest?: true;
  /**
   * What kind of place it is, where that matters to who looks or changes: the scale of a normalisation; what it makes of
   * the residual stream before gain and shift; each head's own input, one of Q, K, V or all of them together; what an MLP
   * reads; each head's own output.
   */
  readonly role?: 'scale' | 'normalized' | 'headInput' | 'mlpInput' | 'headResult';
  /** What stands where the key lies in the query's future. */
  readonly future?: number;
}

/** Axes that several components share. */
export const STREAM: readonly Axis[] = ['batch', 'pos', 'dModel'];
export const HEADS: readonly Axis[] = ['batch', 'pos', 'head', 'dHead'];
/** Of keys and values that several heads share. */
export const KEY_VALUE_HEADS: readonly Axis[] = ['batch', 'pos', 'keyValueHead', 'dHead'];
export const MLP: readonly Axis[] = ['batch', 'pos', 'dMlp'];
export const HEAD_STREAM: readonly Axis[] = ['batch', 'pos', 'head', 'dModel'];
export const SQUARE: readonly Axis[] = ['batch', 'head', 'queryPos', 'keyPos'];
export const SCALE: readonly Axis[] = ['batch', 'pos', 'one'];

/** Scores and patterns: a query's row of keys. */
export const isSquare = ({ axes }: Pick<HookPoint, 'axes'>): boolean => axes.includes('keyPos');
export const hasHeads = ({ axes }: Pick<HookPoint, 'axes'>): boolean => headAxis({ axes }) !== null;
/** Its axis of heads, or null. */
export const headAxis = ({ axes }: Pick<HookPoint, 'axes'>): 'head' | 'keyValueHead' | null =>
  axes.includes('head') ? 'head' : axes.includes('keyValueHead') ? 'keyValueHead' : null;
