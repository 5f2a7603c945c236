// What the solved places of a map rest on: heads that follow the repeat, keys that earlier layers built, heads that keep a
// distance. Each is taken away where it could matter.
import { allHeads, type HeadIndex } from '../../model/heads.ts';
import type { Input, Intervention } from '../../model/interventions/interventions.ts';
import { spread } from '../data/periods.ts';
import { type CellRun, CellSet, withoutHeads } from '../map/cellSet.ts';
import { queriesOf } from '../map/cells.ts';
import { factorOf, type JudgedCell, type MeasuredMap } from '../map/inductionMap.ts';
import type { Solution } from '../map/mapRecord.ts';
import { FACTORS, withLogitsTimes } from '../map/temperature.ts';
import type { Progress } from '../progress.ts';
import { mean } from '../statistics/estimate.ts';
import type { MechanismsRecord } from './auditRecord.ts';
import { FOLLOWS, KEEPS_STRIPE } from './thresholds.ts';

/** Shares of the loss drop, from guessing to what the model makes of the solved places, that removals cost. */
export interface Mechanisms {
  /** Heads that attend to the token after the earlier copy where content is matched, and how much the best one does. */
  readonly followers: readonly HeadIndex[];
  readonly largestExcess: number;
  /** Heads that attend to the key of a place solved by position where nothing repeats, and how much the best one does. */
  readonly positional: readonly HeadIndex[];
  readonly largestKeptStripe: number;
  /** Without the followers, and without what earlier layers wrote into the later heads' input: on places solved by content. */
  readonly withoutFollowers: number | null;
  readonly withoutInput: Readonly<Record<Input, number>> | null;
  /** Of the followers' attention so much is left without the K path. */
  readonly excessLeftWithoutK: number | null;
  /** Without the heads that keep a distance: on places solved by position. */
  readonly withoutPositional: number | null;
}

/** Cells that interventions are tried on, evenly spread. */
const TRIED = 8;

/** Takes each mechanism away and measures what that costs. */
export function measureMechanisms(map: MeasuredMap, progress: Progress | null): Mechanisms {
  const { config } = map.judged;
  const heads = allHeads(config);
  const solvedBy = (solution: Solution): JudgedCell[] => map.cells.filter((cell) => cell.solution === solution);
  const byContent = solvedBy('by content');
  // What stands one back is the previous token, no distance to look back: period 2 counts where nothing else is there.
  const byPosition = solvedBy('by position').filter(({ distance }) => distance > 2 || byContent.length === 0);
  const excess = heads.map((_, h) => meanOver(byContent, (c) => c.attention[h]! - c.withoutMatch.attention[h]!));
  const stripes = heads.map((_, h) => largestStripe(byPosition, h));
  const followers = heads.filter((_, h) => excess[h]! > FOLLOWS);
  const positional = heads.filter((_, h) => stripes[h]! > KEEPS_STRIPE);
  return {
    followers,
    largestExcess: Math.max(...excess),
    positional,
    largestKeptStripe: Math.max(...stripes),
    ...removals(map, byContent, { followers, progress }),
    withoutPositional:
      byPosition.length === 0 || positional.length === 0
        ? null
        : lostWithout(map, byPosition, { positional, progress }),
  };
}

const meanOver = <T>(values: readonly T[], of: (value: T) => number): number =>
  values.length === 0 ? 0 : mean(values.map(of));

/** The most that a head attends, above chance and at one of the distances, to the keys of places where nothing repeats. */
function largestStripe(cells: readonly JudgedCell[], head: number): number {
  const above = (c: JudgedCell): number => c.withoutMatch.attention[head]! - mean(queriesOf(c).map((q) => 1 / (q + 1)));
  const distances = [...new Set(cells.map(({ distance }) => distance))];
  return Math.max(
    0,
    ...distances.map((d) =>
      meanOver(
        cells.filter(({ distance }) => distance === d),
        above,
      ),
    ),
  );
}

/** What is lost without the heads that keep a distance. */
function lostWithout(
  map: MeasuredMap,
  cells: readonly JudgedCell[],
  { positional, progress }: { positional: readonly HeadIndex[]; progress: Progress | null },
): number {
  const times = FACTORS[factorOf(cells, Math.log(map.space.tokens.length))] as number;
  // Where content is much surer or less sure than position, each is judged where it is right.
  const model = withLogitsTimes(map.judged, times / (FACTORS[map.factor] as number));
  const set = new CellSet(map, spread(cells, TRIED), { progress, model });
  return shareLost(map, set.run([]), set.run(withoutHeads(positional)));
}

/** What is lost where content is matched. */
function removals(
  map: MeasuredMap,
  cells: readonly JudgedCell[],
  { followers, progress }: { followers: readonly HeadIndex[]; progress: Progress | null },
): Pick<Mechanisms, 'withoutFollowers' | 'withoutInput' | 'excessLeftWithoutK'> {
  const { config } = map.judged;
  if (cells.length === 0) return { withoutFollowers: null, withoutInput: null, excessLeftWithoutK: null };
  const chosen = spread(cells, TRIED);
  const set = new CellSet(map, chosen, { progress });
  const clean = set.run([], followers);
  const withoutFollowers = followers.length === 0 ? null : shareLost(map, clean, set.run(withoutHeads(followers)));
  if (config.nLayers === 1) return { withoutFollowers, withoutInput: null, excessLeftWithoutK: null };
  const later = allHeads(config).filter(({ layer }) => layer > 0);
  const cut = (input: Input, watched: readonly HeadIndex[] = []): CellRun =>
    set.run(
      later.map(
        (name): Intervention => ({ kind: 'removeFromInput', ...name, input, sources: 'allEarlier', by: 'mean' }),
      ),
      watched,
    );
  const withoutK = cut('k', followers);
  // Attention that stays where nothing repeats does not follow.
  const excess = ({ attention }: CellRun): number =>
    mean(
      followers.map(({ layer, head }, i) => {
        const index = layer * config.nHeads + head;
        return attention[i]! - mean(chosen.map((c) => c.withoutMatch.attention[index]!));
      }),
    );
  return {
    withoutFollowers,
    withoutInput: {
      q: shareLost(map, clean, cut('q')),
      k: shareLost(map, clean, withoutK),
      v: shareLost(map, clean, cut('v')),
    },
    excessLeftWithoutK: followers.length === 0 ? null : Math.max(0, excess(withoutK)) / excess(clean),
  };
}

/** The loss that a removal adds, as a share of the drop from guessing to the clean loss; 1 at most. */
function shareLost({ space }: MeasuredMap, clean: CellRun, without: CellRun): number {
  const drop = Math.log(space.tokens.length) - mean(clean.losses);
  return Math.min(1, (mean(without.losses) - mean(clean.losses)) / drop);
}

/** The shares as an audit has them. */
export const mechanismsRecord = (found: Mechanisms): MechanismsRecord => ({
  lostWithoutFollowers: found.withoutFollowers,
  lostWithoutInput: found.withoutInput,
  followingLeftWithoutK: found.excessLeftWithoutK,
  lostWithoutPositionalHeads: found.withoutPositional,
});
