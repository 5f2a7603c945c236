import { encode } from 'fast-png';

function dataUri(png: Uint8Array): string {
  let binary = '';
  for (const byte of png) binary += String.fromCharCode(byte);
  return `data:image/png;base64,${btoa(binary)}`;
}

/** A PNG data URI whose pixels are indices into a palette of [red, green, blue, alpha], 0 to 255 each; `data` has shape [row, column]. */
export function indexedPng(
  palette: number[][],
  { width, height, data }: { width: number; height: number; data: Uint8Array },
): string {
  return dataUri(encode({ width, height, data, channels: 1, depth: 8, palette }, { zlib: { level: 9 } }));
}

/** Attributes with which an image's pixels keep sharp edges. */
export const crispEdges = {
  // Browsers follow the style; resvg knows only the attribute, and svgToPng takes the style away from it.
  'image-rendering': 'optimizeSpeed',
  style: 'image-rendering:pixelated',
} as const;
