/** Degrees between the hues of neighbouring heads: far apart, and never the same again. */
const GOLDEN = 137.508;

/** The hue by which a head is told from the others, by its index in the view, in degrees. */
export const headHue = (index: number): number => Math.round((210 + index * GOLDEN) % 360);
