// What the paths from earlier layers into later heads carry.
import { allHeads, earlierHeads, headLabel } from '../../model/heads.ts';
import type { Input, Intervention } from '../../model/interventions/interventions.ts';
import type { Model } from '../../model/model.ts';
import { contentMayAct } from '../attention/contentFree.ts';
import type { HeadScores } from '../attention/headScoresRecord.ts';
import { inductionStripe, stripeLine } from '../attention/inductionStripe.ts';
import { meanAlongCounted, uniformAlong } from '../attention/line.ts';
import { type PatternVisit, runPatterns } from '../data/patternRuns.ts';
import { controlProbe } from '../data/probes.ts';
import type { RepeatSet } from '../data/repeatSet.ts';
import { asAnalysed } from '../lengths.ts';
import type { Progress } from '../progress.ts';
import { type Estimate, estimate } from '../statistics/estimate.ts';
import { difference } from './effects.ts';

/** One path ablated: the edges from all earlier layers into that input of later heads, on probes of given periods. */
export interface PathEffect {
  readonly path: Input;
  /** lossRepeat without the path, nats. */
  readonly lossRepeat: Estimate;
  /** Increase over the clean loss, nats, by sequence. */
  readonly increase: Estimate;
  /** Mean excess left of the heads that follow the period; null when none does. */
  readonly excess: number | null;
}

/** A head's edges into the keys of the heads that follow the period, ablated. */
export interface KeySource {
  /** The head that writes, as in L0H3. */
  readonly label: string;
  /** Increase of lossRepeat, nats, by sequence. */
  readonly increase: Estimate;
}

/** What path tests have in common: the sequences that paths are ablated on, and the heads that follow the period. */
export interface PathTests {
  readonly set: RepeatSet;
  readonly followers: readonly HeadScores[];
  readonly progress?: Progress;
}

/**
 * Which head builds the keys: for every head of an earlier layer, the loss when its edges alone into the keys of
 * all heads that follow the period are ablated. The circuit's previous-token head is named by this, not by its pattern.
 */
export function keySources(model: Model, { set, followers }: PathTests): KeySource[] {
  const { config } = model;
  const lastLayer = Math.max(0, ...followers.map(({ layer }) => layer));
  return earlierHeads(config, lastLayer).map((source) => {
    const ablated = followers
      .filter(({ layer }) => layer > source.layer)
      .map(
        ({ layer, head }): Intervention => ({ kind: 'removeFromInput', layer, head, input: 'k', sources: [source] }),
      );
    return {
      label: headLabel(source.layer, source.head),
      increase: estimate(difference(set.losses(ablated), set.clean)),
    };
  });
}

/**
 * Ablates all edges from earlier layers into the Q, K or V input of every head of a later layer, before its LayerNorm, and
 * measures loss and period-free excess on exactly two copies of a block at each of the periods.
 */
export function testPath(model: Model, path: PathEffect['path'], tests: PathTests): PathEffect {
  const { set, followers } = tests;
  const { config } = model;
  const interventions = allHeads(config)
    .filter(({ layer }) => layer > 0)
    .map((name): Intervention => ({ kind: 'removeFromInput', ...name, input: path, sources: 'allEarlier' }));
  const followed = new Set(followers.map((h) => h.layer * config.nHeads + h.head));
  const share = 1 / (set.sequences * followed.size);
  let excess = 0;
  const visit = ({ sequence, head, attention }: PatternVisit): void => {
    if (followed.has(head)) excess += share * inductionStripe(attention, set.place(set.periodOf(sequence)));
  };
  const losses = set.measured(interventions, { visit });
  if (followed.size > 0) excess = withoutControl(excess, tests, { interventions, followed, share });
  const increase = estimate(difference(losses, set.clean));
  return { path, lossRepeat: estimate(losses), increase, excess: followed.size > 0 ? excess : null };
}

/**
 * An excess less what the followers keep of the stripe where nothing repeats, averaged as the excess is: over heads,
 * sequences and periods. Cells where content may act do not count; a sequence without others has the mean of the rest.
 */
function withoutControl(
  excess: number,
  { set, progress }: PathTests,
  {
    interventions,
    followed,
    share,
  }: { interventions: readonly Intervention[]; followed: ReadonlySet<number>; share: number },
): number {
  const { periods, model } = set;
  const count = set.sequences / periods.length;
  const longest = set.place(Math.max(...periods)).length;
  const tokens = controlProbe({ config: asAnalysed(model.config), count, seed: set.seed }).map((t) =>
    t.slice(0, longest),
  );
  const found = new Map(periods.map((period) => [period, { sum: 0, measured: 0, missing: 0 }]));
  let left = excess;
  runPatterns(model, tokens, {
    interventions,
    ...(progress ? { progress } : {}),
    visit: ({ sequence, head, attention }) => {
      if (!followed.has(head)) return;
      const counts = (q: number, k: number): boolean => !contentMayAct(tokens[sequence]!, q, k);
      for (const [period, stripes] of found) {
        const stripe = meanAlongCounted({ attention, counts }, stripeLine(set.place(period)));
        if (Number.isNaN(stripe)) stripes.missing++;
        else {
          stripes.sum += stripe;
          stripes.measured++;
          left -= share * stripe;
        }
      }
    },
  });
  for (const [period, { sum, measured, missing }] of found) {
    const chance = uniformAlong(stripeLine(set.place(period)));
    left -= share * missing * (measured > 0 ? sum / measured : chance);
  }
  return left;
}
