/** The colours of all figures without the charts: for pages that draw heatmaps and live curves themselves. */
export { rampColour, rampLevel, rampLevels, weightColour } from './colourRamp.ts';
export { figureCss, type Palette, paletteOf, type Theme } from './theme.ts';
