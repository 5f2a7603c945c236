/**
 * Charts of induction-lab's records as SVG text. Browser-safe: plain data in, a string out.
 * @module figures
 */

export type { SettingRun, SettingRuns } from './charts/dotColumns.ts';
export { type DynamicsRecord, dynamicsChart } from './charts/dynamicsChart.ts';
export type { DynamicsLine } from './charts/dynamicsLines.ts';
export type { DynamicsPanel } from './charts/dynamicsPanel.ts';
export { type EffectRecord, effectChart } from './charts/effectChart.ts';
export type { EffectGroup, EffectRow } from './charts/effectLayout.ts';
export { type HeadMapChartRecord, type HeadMapPanel, headMapChart } from './charts/headMapChart.ts';
export { type HeadScoreRecord, headScoreChart } from './charts/headScoreChart.ts';
export type { HeadScoreBars } from './charts/headScoreLayout.ts';
export type { HeatmapPanel } from './charts/heatmapPanel.ts';
export { type HeatmapsRecord, heatmaps } from './charts/heatmaps.ts';
export { type LossByPeriodRecord, lossByPeriodChart, type PeriodPoint } from './charts/lossByPeriodChart.ts';
export { type LossPoint, type LossRecord, type LossSegment, lossChart } from './charts/lossChart.ts';
export { type MapPlace, type MapRecord, mapChart } from './charts/mapChart.ts';
export { type HeadPanels, type PatternComparisonRecord, patternComparison } from './charts/patternComparison.ts';
export { type HeadPattern, type PatternGridRecord, patternGrid } from './charts/patternGrid.ts';
export type { Stripe } from './charts/patternPanel.ts';
export { type PatternStripRecord, patternStrip } from './charts/patternStrip.ts';
export { type PatternTimelineRecord, patternTimeline, type TimelineHead } from './charts/patternTimeline.ts';
export { type RunsBySettingRecord, runsBySettingChart } from './charts/runsBySettingChart.ts';
export { type SettingShares, type SharesRecord, sharesChart } from './charts/sharesChart.ts';
export type { FigureOptions } from './frame/figureFrame.ts';
export { figureCss, type Theme } from './frame/theme.ts';
export { MOST_KINDS } from './marks/kinds.ts';
