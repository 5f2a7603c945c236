import { indexedPng } from '../frame/indexedPng.ts';
import type { Theme } from '../frame/theme.ts';
import { rampColour, rampLevel, rampLevels } from '../scales/colourRamp.ts';

type Palette = number[][];
const palettes = new Map<Theme, Palette>();

function paletteOf(theme: Theme): Palette {
  const known = palettes.get(theme);
  if (known) return known;
  const ramp = Array.from({ length: rampLevels }, (_, i) => [...rampColour(theme, i / (rampLevels - 1)), 255]);
  const palette = [[0, 0, 0, 0], ...ramp];
  palettes.set(theme, palette);
  return palette;
}

/**
 * An attention pattern as a PNG data URI, one pixel per cell, shape [queryPos, keyPos] = [rows, columns]. Future keys are transparent,
 * which no weight is, not even 0.
 */
export function patternImage(pattern: ArrayLike<number>, size: number, theme: Theme): string {
  const data = new Uint8Array(size * size);
  for (let query = 0; query < size; query++) {
    for (let key = 0; key <= query; key++) data[query * size + key] = rampLevel(pattern[query * size + key]!);
  }
  return indexedPng(paletteOf(theme), { width: size, height: size, data });
}

/** The whole ramp as a PNG data URI, one row, left to right. */
export function rampImage(theme: Theme): string {
  return indexedPng(paletteOf(theme), {
    width: rampLevels,
    height: 1,
    data: Uint8Array.from({ length: rampLevels }, (_, i) => i + 1),
  });
}
