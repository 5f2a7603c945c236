// The figures of one model: scores, losses by period, attention patterns of all heads with and without a repeat.

import { asAnalysed, type Judged } from '@induction-lab/core/internal';
import { printable } from '@induction-lab/core/internal/printable';
import {
  type AuditRecord,
  type ExamplePatterns,
  examplePatterns,
  type HeadScoresRecord,
  headMarks,
  longestPeriod,
  type Model,
  mapPicture,
} from '@induction-lab/core/node';
import {
  type FigureOptions,
  type HeadScoreRecord,
  headScoreChart,
  type LossByPeriodRecord,
  type LossRecord,
  lossByPeriodChart,
  lossChart,
  type MapRecord,
  mapChart,
  type PatternComparisonRecord,
  type PatternGridRecord,
  patternComparison,
  patternGrid,
} from '@induction-lab/figures/node';
import { type Draw, figureOptions } from './drawing.ts';

/** The three example sequences of a model: half the context as period, another period, no repeat. */
export function exampleSet(model: Model): { half: ExamplePatterns; other: ExamplePatterns; control: ExamplePatterns } {
  const half = longestPeriod(asAnalysed(model.config));
  const other = Math.max(2, Math.round(half * 0.68)); // 17 for a context of 50: neither divisor nor neighbour of 25
  return {
    half: examplePatterns(model, { period: half }),
    other: examplePatterns(model, { period: other }),
    control: examplePatterns(model, { period: 0 }),
  };
}

/** Where an induction head's stripe belongs on an example; null without a repeat. */
export const stripeOf = ({
  period,
  start,
}: Pick<ExamplePatterns, 'period' | 'start'>): { offset: number; fromQuery: number; toQuery: number } | null =>
  period === 0 ? null : { offset: period - 1, fromQuery: start + period, toQuery: start + 2 * period - 2 };

/** Heads up to which they stay in their own order. */
const MANY = 64;

export interface ModelFigures {
  readonly scores: Draw;
  readonly 'loss-by-period': Draw;
  readonly map: Draw;
  readonly patterns: Draw;
  readonly 'patterns-other-period': Draw;
  readonly 'patterns-control': Draw;
}

export function modelFigures(name: string, judged: Judged, examples: ReturnType<typeof exampleSet>): ModelFigures {
  const { scores, evidence } = judged.audit;
  const marks = headMarks(judged);
  const size = examples.half.tokens.length;
  // Figures of very many heads draw the first ones: then those whose attention has the most to say come early.
  const sharp = new Map(
    scores.heads.map((h) => [
      h.label,
      Math.max(h.inductionStripe.value, h.previousToken.value, h.positionalOffset.aboveChance),
    ]),
  );
  const marked = <T extends { label: string }>(heads: readonly T[]): (T & { mark?: string })[] => {
    const named = [...marks.keys()];
    const rank = (label: string): number => (marks.has(label) ? named.indexOf(label) : named.length);
    const many = heads.length > MANY;
    return [...heads]
      .sort((a, b) => rank(a.label) - rank(b.label) || (many ? sharp.get(b.label)! - sharp.get(a.label)! : 0))
      .map((head) => (marks.has(head.label) ? { ...head, mark: marks.get(head.label) as string } : head));
  };

  const bars: HeadScoreRecord = {
    heads: scores.heads.map((h) => ({
      label: h.label,
      previousToken: h.previousToken.value,
      previousTokenInterval: h.previousToken.interval,
      induction: h.inductionStripe.value,
      inductionInterval: h.inductionStripe.interval,
      inductionControl: h.inductionStripeControl.value,
    })),
    chance: { previousToken: scores.chance.previousToken, induction: scores.chance.inductionStripe },
    title: `${name}: previous-token and induction scores, period ${scores.stripePeriod}`,
    intervalLabel: `95 % interval over ${scores.sequences} sequences`,
  };
  const periods: LossByPeriodRecord = {
    points: evidence.periods.map(({ period, lossRepeat, lossBoundary, solved }) => ({
      period,
      lossRepeat: lossRepeat.value,
      lossBoundary,
      solved,
    })),
    lnVocab: evidence.lnVocab,
    threshold: evidence.solvedBelow,
    title: `${name}: loss on the repeat at every period`,
  };
  const grid = (example: ExamplePatterns): PatternGridRecord => ({
    heads: marked(example.heads),
    size,
    tokens: example.tokens,
    stripe: stripeOf(example)!,
    title: `${name}: attention patterns of all heads, period ${example.period}`,
  });
  const columns = [examples.half, examples.control];
  const comparison: PatternComparisonRecord = {
    heads: marked(examples.half.heads).map(({ label, ...rest }) => ({
      label,
      ...('mark' in rest && rest.mark !== undefined ? { mark: rest.mark } : {}),
      panels: columns.map((c) => c.heads.find((h) => h.label === label)!.pattern),
    })),
    columnTitles: columns.map(({ period }) => (period === 0 ? 'no repeat (control)' : `period ${period}`)),
    stripes: columns.map(() => stripeOf(examples.half)), // on the control: where a stripe can only be a fixed habit
    size,
    title: `${name}: the same heads with a repeat and without`,
  };
  const map: MapRecord = { ...mapPicture(judged.audit), title: `${name}: where it finds the earlier copy` };
  return {
    scores: (theme, width) => headScoreChart(bars, figureOptions(theme, width)),
    map: (theme, width) => mapChart(map, figureOptions(theme, width)),
    ...detectorFigures(bars, scores),
    'loss-by-period': (theme, width) => lossByPeriodChart(periods, figureOptions(theme, width)),
    patterns: (theme, width) => patternGrid(grid(examples.half), figureOptions(theme, width)),
    'patterns-other-period': (theme, width) => patternGrid(grid(examples.other), figureOptions(theme, width)),
    'patterns-control': (theme, width) => patternComparison(comparison, figureOptions(theme, width)),
  };
}

/** The same bars with those of one detector of the user's beside them; a head that it measured nothing of has none. */
function detectorFigures(bars: HeadScoreRecord, { heads, detectors = [] }: HeadScoresRecord): Record<string, Draw> {
  return Object.fromEntries(
    detectors.map(({ name, chance }, i): [string, Draw] => {
      const record: HeadScoreRecord = {
        ...bars,
        detector: { name: printable(name), chance },
        title: `${bars.title}, and ${printable(name)}`,
        heads: bars.heads.map((head, at) => {
          const { score, control } = heads[at]!.detectors![name]!;
          return {
            ...head,
            ...{ detected: score.value, ...(score.n > 1 ? { detectedInterval: score.interval } : {}) },
            ...(control && control.n > 0 ? { detectedControl: control.value } : {}),
          };
        }),
      };
      return [`scores-detector-${i + 1}`, (theme, width) => headScoreChart(record, figureOptions(theme, width))];
    }),
  );
}

/** Loss curves of a run: those of its task's segments that it has losses of. */
export function lossFigure(
  name: string,
  record: Omit<LossRecord, 'title'>,
  how: Pick<FigureOptions, 'heading'> = {},
): Draw {
  const parts = record.segments.filter(({ single }) => !single).map(({ title }) => `on the ${title}`);
  const title = `${name}: loss ${parts.join(' and ')}`;
  return (theme, width) => lossChart({ ...record, title }, { ...figureOptions(theme, width), ...how });
}

/** The figures of a checkpoint's audit. */
export const auditFigures = (model: Model, record: AuditRecord): Readonly<Record<string, Draw>> => ({
  ...modelFigures('model', { audit: record }, exampleSet(model)),
});
