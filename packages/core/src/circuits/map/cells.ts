// The cells of the map: where the first copy starts, and how far back it lies from the second.
import type { ModelConfig } from '../../model/config.ts';
import { drawnTokens, openingOf } from '../../model/startToken.ts';

/** Tokens at start … start + length − 1 come again `distance` later. */
export interface Cell {
  readonly start: number;
  readonly distance: number;
  /** Tokens copied: queries are the copied ones whose successor is copied too, length − 1 of them. */
  readonly length: number;
}

/** Copies are at most so long: with more, a cell would say the average over many places. */
const LONGEST_COPY = 8;

/** What cells are laid out in. */
export interface MapSpace {
  /** Tokens of the longest sequence. */
  readonly length: number;
  /** Tokens that sequences begin with. */
  readonly prefix: readonly number[];
  /** Tokens that are drawn. */
  readonly tokens: Int32Array;
}

/** The space of a model: what its sequences begin with, and what they are drawn from. */
export const mapSpace = (config: ModelConfig): MapSpace => ({
  length: config.nCtx,
  prefix: openingOf(config),
  tokens: drawnTokens(config),
});

/** Whether all tokens before the second copy can differ. */
export const allDiffer = (
  { prefix, tokens }: MapSpace,
  { start, distance }: Pick<Cell, 'start' | 'distance'>,
): boolean => start - prefix.length + distance <= tokens.length;

/**
 * The cell at a place; null where no query fits. Where the vocabulary is too small for all tokens to differ the copy takes
 * at most half of it, and what stands around is drawn from the other half, so that a query's token occurs once before.
 */
export function cellAt(space: MapSpace, start: number, distance: number): Cell | null {
  if (start < space.prefix.length || distance < 2) return null;
  const most = allDiffer(space, { start, distance }) ? LONGEST_COPY : Math.max(2, Math.ceil(space.tokens.length / 2));
  const length = Math.min(distance, LONGEST_COPY, most, space.length - start - distance);
  return length < 2 ? null : { start, distance, length };
}

/** Where its second copy ends: all tokens that it needs. */
export const endOf = ({ start, distance, length }: Cell): number => start + distance + length;

/** Queries of a cell, in order; each has its key, the token after the earlier copy, at query − distance + 1. */
export const queriesOf = ({ start, distance, length }: Cell): number[] =>
  Array.from({ length: length - 1 }, (_, i) => start + distance + i);

export const sameCell = (a: Cell, b: Cell): boolean => a.start === b.start && a.distance === b.distance;

/** How many cells there are in all. */
export function countCells({ length, prefix }: MapSpace): number {
  const room = Math.max(0, length - prefix.length - 3);
  return (room * (room + 1)) / 2;
}
