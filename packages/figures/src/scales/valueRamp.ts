import { indexedPng } from '../frame/indexedPng.ts';
import type { Theme } from '../frame/theme.ts';
import { colourAlong, type RampPath, type Rgb, rampColour } from './colourRamp.ts';

/** Colours for values of any range: 255 levels, 1 … 255; level 0 is left for what has no value. */
export interface ValueRamp {
  readonly domain: readonly [low: number, high: number];
  /** The level of a finite value; values beyond the domain take the level of its end. */
  readonly level: (value: number) => number;
  readonly colour: (level: number) => Rgb;
}

const levels = 255;
const neutral = 128;

interface Arms {
  readonly below: RampPath;
  readonly above: RampPath;
}

// Orange below 0 and blue above it. The blue end lies further from the neutral in lightness than the orange one, so that the signs of
// strong values differ without colour too.
const onWhite: Arms = {
  below: { lightness: [0.955, 0.55], chroma: [0.006, 0.09, 0.155], hue: [60, 58, 46] },
  above: { lightness: [0.955, 0.33], chroma: [0.006, 0.09, 0.14, 0.12], hue: [240, 243, 252, 262] },
};
const arms: Readonly<Record<Theme, Arms>> = {
  light: onWhite,
  dark: {
    below: { lightness: [0.265, 0.73], chroma: [0.015, 0.09, 0.165], hue: [50, 48, 62] },
    above: { lightness: [0.265, 0.9], chroma: [0.015, 0.1, 0.13, 0.07], hue: [250, 250, 232, 215] },
  },
  // The page's colour is unknown: panels stay pale, as printed matter on either.
  auto: onWhite,
};

/** Colours from a neutral one at 0 to either side, equally strong at equal distance from 0. */
export function divergingRamp(theme: Theme, domain: readonly [number, number]): ValueRamp {
  const furthest = Math.max(Math.abs(domain[0]), Math.abs(domain[1]));
  const { below, above } = arms[theme];
  return {
    domain,
    // Rounded by magnitude: Math.round alone takes 63.5 and −63.5 to different distances from the neutral colour.
    level: (value) => {
      const strength = clamp(value, ...domain) / furthest;
      return neutral + Math.sign(strength) * Math.round((neutral - 1) * Math.abs(strength));
    },
    colour: (level) =>
      level < neutral
        ? colourAlong(below, (neutral - level) / (neutral - 1))
        : colourAlong(above, (level - neutral) / (neutral - 1)),
  };
}

/** Colours from the domain's low end to its high end, those of attention patterns. */
export function sequentialRamp(theme: Theme, domain: readonly [number, number]): ValueRamp {
  const [low, high] = domain;
  return {
    domain,
    level: (value) => 1 + Math.round((levels - 1) * clamp((value - low) / (high - low), 0, 1)),
    colour: (level) => rampColour(theme, (level - 1) / (levels - 1)),
  };
}

const clamp = (value: number, low: number, high: number): number => Math.max(low, Math.min(high, value));

function paletteOf(ramp: ValueRamp): number[][] {
  return [[0, 0, 0, 0], ...Array.from({ length: levels }, (_, i) => [...ramp.colour(i + 1), 255])];
}

/** Values as a PNG data URI, one pixel each, shape [row, column]; NaN is transparent, which no value is. */
export function valueImage(
  values: ArrayLike<number>,
  [rows, columns]: readonly [number, number],
  ramp: ValueRamp,
): string {
  const data = Uint8Array.from({ length: rows * columns }, (_, i) =>
    Number.isNaN(values[i]!) ? 0 : ramp.level(values[i]!),
  );
  return indexedPng(paletteOf(ramp), { width: columns, height: rows, data });
}

/** The ramp over its domain as a PNG data URI, one row, left to right. */
export function valueRampImage(ramp: ValueRamp): string {
  const [low, high] = ramp.domain;
  const values = Array.from({ length: levels }, (_, i) => low + ((high - low) * i) / (levels - 1));
  return valueImage(values, [1, levels], ramp);
}

function luminance(colour: Rgb): number {
  const [r, g, b] = colour.map((v) => (v <= 10 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
}

/** The colour of text that reads better on this one, black or white: at 4.5 : 1 or more on any. */
export function textColourOn(colour: Rgb): string {
  // Contrast with both is equal where (L + 0.05)² = 1.05 · 0.05.
  return luminance(colour) > 0.179 ? '#000000' : '#ffffff';
}

/** Degrees in OKLCh of the palette's colours (theme.ts). */
const hues = { blue: 252, orange: 50, purple: 335, green: 165 } as const;
export type Hue = keyof typeof hues;

/** Colours of one hue, from the page's own at the domain's low end to a strong one at its high end. */
export function hueRamp(theme: Theme, hue: Hue, domain: readonly [number, number]): ValueRamp {
  const [low, high] = domain;
  const path: RampPath = {
    lightness: theme === 'dark' ? [0.265, 0.85] : [0.965, 0.4],
    chroma: [0.006, 0.08, 0.13, 0.14],
    hue: [hues[hue], hues[hue]],
  };
  return {
    domain,
    level: (value) => 1 + Math.round((levels - 1) * clamp((value - low) / (high - low), 0, 1)),
    colour: (level) => colourAlong(path, (level - 1) / (levels - 1)),
  };
}
