// Detectors: for each job of a head, what its attention is measured by on one sequence, and what uniform attention scores.
import type { ModelConfig } from '../../model/config.ts';
import { firstDrawn } from '../../model/startToken.ts';
import type { AttentionWeight } from '../data/patternRuns.ts';
import { twoCopies } from '../data/twoCopies.ts';
import { contentFreeMean } from './contentFree.ts';
import { contentScore, uniformContent } from './contentScore.ts';
import { currentTokenLine, firstTokenLine, previousTokenLine } from './fixedKeyScores.ts';
import { stripeLine } from './inductionStripe.ts';
import { type Line, meanAlong, uniformAlong } from './line.ts';
import type { ScoreName } from './scoreTable.ts';

/** A score as a value. */
export interface Detector {
  readonly name: ScoreName;
  /** Share of attention on the keys that a query of that job looks at; NaN where no query of the sequence counts. */
  readonly score: (attention: AttentionWeight, tokens: Int32Array) => number;
  /** What uniform attention scores on such sequences. */
  readonly chance: (sequences: readonly Int32Array[]) => number;
}

/** On the control, where nothing repeats: attention to a fixed place. Cells where content may act do not count. */
export function controlDetectors(config: ModelConfig, stripePeriod: number): Detector[] {
  const along = contentFreeMean(config);
  const on = (name: ScoreName, line: Line): Detector => ({
    name,
    score: (attention, tokens) => along(attention, tokens, line),
    chance: () => uniformAlong(line),
  });
  const last = config.nCtx - 1;
  const start = firstDrawn(config);
  const half = start + Math.floor((config.nCtx - start) / 2);
  return [
    on('previousToken', previousTokenLine(last, start)),
    on('previousTokenFirstHalf', previousTokenLine(half, start)),
    on('currentToken', currentTokenLine(last, start)),
    on('firstToken', firstTokenLine(last, start)),
    on('inductionStripeControl', stripeLine(twoCopies(config, stripePeriod))),
  ];
}

/** On two copies of a block of that period. */
export function repeatDetectors(config: ModelConfig, period: number): Detector[] {
  const line = stripeLine(twoCopies(config, period));
  return [
    {
      name: 'inductionStripe',
      score: (attention) => meanAlong(attention, line),
      chance: () => uniformAlong(line),
    },
    byContent('inductionByContent', 1),
    byContent('duplicateToken', 0),
  ];
}

/** On a block repeated four times. */
export const fourfoldDetectors = (): Detector[] => [byContent('prefixMatching', 1)];

const byContent = (name: ScoreName, shift: 0 | 1): Detector => ({
  name,
  score: (attention, tokens) => contentScore(attention, tokens, shift),
  chance: (sequences) => uniformContent(sequences, shift),
});
