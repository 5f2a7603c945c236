/**
 * The colours of all figures without the charts: for pages that draw heatmaps and live curves themselves.
 * @module figures/colours
 */

export { figureCss, type Palette, paletteOf, type Theme } from './frame/theme.ts';
export { rampColour, rampLevel, rampLevels, weightColour } from './scales/colourRamp.ts';
