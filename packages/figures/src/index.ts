/** Charts of induction-lab's records as SVG text. Browser-safe: plain data in, a string out. */
export { type DynamicsPanel, type DynamicsRecord, dynamicsChart } from './dynamicsChart.ts';
export type { DynamicsLine } from './dynamicsLines.ts';
export { type EffectRecord, effectChart } from './effectChart.ts';
export type { EffectGroup, EffectRow } from './effectLayout.ts';
export type { FigureOptions } from './figureFrame.ts';
export { type HeadScoreRecord, headScoreChart } from './headScoreChart.ts';
export type { HeadScores } from './headScoreLayout.ts';
export type { HeatmapPanel } from './heatmapPanel.ts';
export { type HeatmapsRecord, heatmaps } from './heatmaps.ts';
export { MOST_KINDS } from './kinds.ts';
export { type LossByPeriodRecord, lossByPeriodChart, type PeriodPoint } from './lossByPeriodChart.ts';
export { type LossPoint, type LossRecord, lossChart } from './lossChart.ts';
export { type HeadPanels, type PatternComparisonRecord, patternComparison } from './patternComparison.ts';
export { type HeadPattern, type PatternGridRecord, patternGrid } from './patternGrid.ts';
export type { Stripe } from './patternPanel.ts';
export { type PatternTimelineRecord, patternTimeline, type TimelineHead } from './patternTimeline.ts';
export { type SweepGroup, type SweepRecord, type SweepRun, sweepChart } from './sweepChart.ts';
export { figureCss, type Theme } from './theme.ts';
