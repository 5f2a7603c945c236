// What the control says of every head: whole contexts in which nothing repeats, so that what is left goes by position.
import type { Model } from '../../model/model.ts';
import { runPatterns } from '../data/patternRuns.ts';
import type { ProbeOptions } from '../data/probes.ts';
import { twoCopies } from '../data/twoCopies.ts';
import type { Progress } from '../progress.ts';
import { fillMissing } from '../statistics/missing.ts';
import { contentFreeMean } from './contentFree.ts';
import { stripeLine } from './inductionStripe.ts';
import { uniformAlong } from './line.ts';
import { gatherOffsets, type Offsets } from './offsets.ts';
import { gatherPositionality, type Positionality } from './positionality.ts';
import type { Probes, ScoredDetectors } from './scoredDetectors.ts';
import type { ScoreName, ScoreTable } from './scoreTable.ts';

/** What the scores of one measurement share. */
export interface Scoring {
  readonly probe: ProbeOptions;
  /** The sequences of the scores: those of the scan at other periods are drawn as it comes to them. */
  readonly probes: Probes;
  readonly detectors: ScoredDetectors;
  readonly table: ScoreTable<ScoreName>;
  readonly periods: readonly number[];
  readonly stripePeriod: number;
  readonly progress: Progress;
}

/** Kept as means over sequences and, for the cells of the scan, by sequence. */
export interface Control {
  readonly offsets: Offsets;
  readonly positionality: Positionality;
  /**
   * By period, [head][sequence]: mean over the cells (q, q − P + 1), q = s + P … s + 2P − 2, where content cannot act. A
   * sequence without such a cell has the mean of the others, and what uniform attention scores where none has one.
   */
  readonly stripes: ReadonlyMap<number, readonly Float64Array[]>;
}

/** Runs the control and puts its scores into the table. */
export function runControl(model: Model, { probe, probes, detectors, periods, progress }: Scoring): Control {
  const { config, count } = probe;
  const tokens = probes.control;
  const along = contentFreeMean(config);
  const offsets = gatherOffsets(config, { count, along });
  const positionality = gatherPositionality(config, count);
  const stripes = periods.map((period) => ({
    line: stripeLine(twoCopies(config, period)),
    byHead: Array.from({ length: config.nLayers * config.nHeads }, () => new Float64Array(count)),
  }));
  runPatterns(model, tokens, {
    progress,
    visit: (visit) => {
      const { sequence, head, attention } = visit;
      const drawn = tokens[sequence] as Int32Array;
      detectors.score('control', visit);
      offsets.add(visit, drawn);
      for (const { line, byHead } of stripes) byHead[head]![sequence] = along(attention, drawn, line);
      positionality.add(visit);
    },
  });
  for (const { line, byHead } of stripes) for (const values of byHead) fillMissing(values, uniformAlong(line));
  return {
    offsets,
    positionality,
    stripes: new Map(periods.map((period, i) => [period, stripes[i]!.byHead])),
  };
}
