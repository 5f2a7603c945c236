import type { Theme } from '../frame/theme.ts';

/** Red, green, blue, 0 to 255. */
export type Rgb = readonly [number, number, number];

/**
 * Attention weights are coloured by their square root: under linear colours a weight of 0.2, ten times what uniform attention gives on
 * 50 keys, would hardly be seen.
 */
export const weightScaleName = 'square-root scale';

/** The place of a weight on the ramp, 0 to 1: its square root. */
export function rampPosition(weight: number): number {
  return Math.sqrt(Math.max(0, Math.min(1, weight)));
}

/** A path in OKLCh: lightness runs evenly from end to end, so that equal steps look equal; chroma and hue go through the stops. */
export interface RampPath {
  readonly lightness: readonly [number, number];
  readonly chroma: readonly number[];
  /** Degrees. */
  readonly hue: readonly number[];
}

const paths: Readonly<Record<Theme, RampPath>> = {
  // Pale grey-blue to navy: strong attention is dark ink on white paper.
  light: { lightness: [0.955, 0.26], chroma: [0.008, 0.07, 0.13, 0.15, 0.1], hue: [230, 225, 245, 262, 272] },
  // Dark slate to pale yellow: strong attention glows.
  dark: { lightness: [0.265, 0.96], chroma: [0.02, 0.11, 0.14, 0.13, 0.09], hue: [262, 255, 215, 160, 105] },
  // Violet to yellow: both ends stand off from a white page and from a dark one.
  auto: { lightness: [0.36, 0.92], chroma: [0.11, 0.13, 0.1, 0.15, 0.17], hue: [300, 268, 215, 150, 105] },
};

function through(stops: readonly number[], t: number): number {
  const at = t * (stops.length - 1);
  const i = Math.min(stops.length - 2, Math.floor(at));
  return stops[i]! + (stops[i + 1]! - stops[i]!) * (at - i);
}

// OKLab to linear sRGB: Ottosson 2020, "A perceptual color space for image processing".
function linearRgb(lightness: number, chroma: number, hue: number): number[] {
  const a = chroma * Math.cos((hue * Math.PI) / 180);
  const b = chroma * Math.sin((hue * Math.PI) / 180);
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
  ];
}

function encode(linear: number): number {
  const c = Math.max(0, Math.min(1, linear));
  return Math.round(255 * (c <= 0.0031308 ? 12.92 * c : 1.055 * c ** (1 / 2.4) - 0.055));
}

/** The colour at a place on a path, 0 to 1. Chroma shrinks where sRGB cannot show it; lightness never gives way. */
export function colourAlong({ lightness, chroma, hue }: RampPath, position: number): Rgb {
  const l = lightness[0] + (lightness[1] - lightness[0]) * position;
  const wanted = through(chroma, position);
  const h = through(hue, position);
  const inGamut = (c: number) => linearRgb(l, c, h).every((v) => v >= -1e-4 && v <= 1 + 1e-4);
  let [low, high] = inGamut(wanted) ? [wanted, wanted] : [0, wanted];
  for (let i = 0; i < 20 && low < high; i++) {
    const middle = (low + high) / 2;
    if (inGamut(middle)) low = middle;
    else high = middle;
  }
  const [r, g, b] = linearRgb(l, low, h).map(encode);
  return [r!, g!, b!];
}

/**
 * The colour at a place on a theme's ramp, 0 to 1.
 * @param position Along the ramp, 0 to 1.
 * @returns Red, green and blue, 0 to 255.
 */
export function rampColour(theme: Theme, position: number): Rgb {
  return colourAlong(paths[theme], position);
}

/** Levels of the ramp in an image: index 0 of the palette is the transparent future, 1 … 127 the ramp. */
export const rampLevels = 127;

/**
 * The palette index of a weight: 1 … 127.
 * @param weight A share of attention, 0 to 1.
 * @returns A whole number from 1 on.
 */
export function rampLevel(weight: number): number {
  return 1 + Math.round(rampPosition(weight) * (rampLevels - 1));
}

/**
 * The colour that a weight has in a figure of this theme.
 * @param weight A share of attention, 0 to 1.
 * @returns A CSS colour.
 */
export function weightColour(theme: Theme, weight: number): Rgb {
  return rampColour(theme, (rampLevel(weight) - 1) / (rampLevels - 1));
}
