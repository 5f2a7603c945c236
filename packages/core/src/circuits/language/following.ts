// Does the loss fall where a block repeats, and do heads attend to the token after the earlier copy? Each measured against
// sequences that ask for the same tokens without having shown them.
import { allHeads, type HeadIndex, headLabel } from '../../model/heads.ts';
import type { Model } from '../../model/model.ts';
import { stripeLine } from '../attention/inductionStripe.ts';
import { meanAlong } from '../attention/line.ts';
import { FOLLOWS } from '../claims/thresholds.ts';
import { type PatternVisit, runPatterns, showPatterns } from '../data/patternRuns.ts';
import { lossOnRepeat } from '../data/twoCopies.ts';
import type { Progress } from '../progress.ts';
import { type Estimate, estimate, estimateRatio, mean } from '../statistics/estimate.ts';
import type { RepeatPairs } from './drawRepeats.ts';

/** Losses where a block repeats, nats. */
export interface RepeatLosses {
  /** On the first copy: queries s … s + P − 2. */
  readonly first: Estimate;
  /** On the second copy: queries s + P … T − 2. */
  readonly repeat: Estimate;
  /** The same queries, asked for the same tokens, behind a block of others. */
  readonly control: Estimate;
  /** (control − repeat) / control: the share of the loss that the repeat takes away. */
  readonly fall: Estimate;
}

/** How far a head's attention follows the repeat. */
export interface FollowingHead {
  /** L0H3 */
  readonly label: string;
  readonly layer: number;
  readonly head: number;
  /** Mean of pattern[q, q − P + 1] over the queries of the repeat. */
  readonly stripe: Estimate;
  /** The same places where nothing repeats. */
  readonly control: Estimate;
  /** Their difference, sequence by sequence. */
  readonly excess: Estimate;
}

/** What repeats at one period and start show. */
export interface Following {
  readonly period: number;
  /** Tokens in front of the block, the start token not counted. */
  readonly start: number;
  readonly sequences: number;
  readonly losses: RepeatLosses;
  readonly heads: readonly FollowingHead[];
}

/** Runs the pairs. `start` is what stands in front of the block, for the record. Throws a NotFiniteError where a loss is not finite. */
export function measureFollowing(
  model: Model,
  pairs: RepeatPairs,
  { start = 0, progress = null }: { start?: number; progress?: Progress | null } = {},
): Following {
  const { repeat, control, place } = pairs;
  const stripes = new Stripes(model, pairs);
  const [repeated, fresh] = [
    runPatterns(model, repeat, { progress, visit: stripes.seeRepeat }),
    runPatterns(model, control, { progress, visit: stripes.seeControl }),
  ];
  return {
    period: place.period,
    start,
    sequences: repeat.length,
    losses: repeatLosses(repeated, fresh, place),
    heads: stripes.heads(),
  };
}

/** How far each head's attention follows the repeat, where nobody asks for losses. Throws a NotFiniteError where a pattern is not finite. */
export function followingHeads(model: Model, pairs: RepeatPairs): FollowingHead[] {
  const stripes = new Stripes(model, pairs);
  showPatterns(model, pairs.repeat, { visit: stripes.seeRepeat });
  showPatterns(model, pairs.control, { visit: stripes.seeControl });
  return stripes.heads();
}

/** Every head's attention along the repeat's stripe, in sequences that repeat and in their controls. */
class Stripes {
  readonly seeRepeat: (visit: PatternVisit) => void;
  readonly seeControl: (visit: PatternVisit) => void;
  private readonly indices: readonly HeadIndex[];
  /** [head][sequence] */
  private readonly repeated: readonly Float64Array[];
  private readonly fresh: readonly Float64Array[];

  constructor(model: Model, { repeat, control, place }: RepeatPairs) {
    const line = stripeLine(place);
    const into =
      (values: readonly Float64Array[]) =>
      ({ head, sequence, attention }: PatternVisit): void => {
        values[head]![sequence] = meanAlong(attention, line);
      };
    this.indices = allHeads(model.config);
    this.repeated = this.indices.map(() => new Float64Array(repeat.length));
    this.fresh = this.indices.map(() => new Float64Array(control.length));
    this.seeRepeat = into(this.repeated);
    this.seeControl = into(this.fresh);
  }

  heads(): FollowingHead[] {
    return this.indices.map(({ layer, head }, i) => {
      const [repeated, fresh] = [this.repeated[i]!, this.fresh[i]!];
      return {
        ...{ label: headLabel(layer, head), layer, head },
        stripe: estimate(repeated),
        control: estimate(fresh),
        excess: estimate(repeated.map((x, s) => x - fresh[s]!)),
      };
    });
  }
}

/** Of losses by sequence and position, of the repeats and of their controls. */
export function repeatLosses(
  repeated: readonly Float64Array[],
  fresh: readonly Float64Array[],
  place: RepeatPairs['place'],
): RepeatLosses {
  const { start, period } = place;
  const [again, without] = [repeated, fresh].map((all) => all.map((losses) => lossOnRepeat(losses, place)));
  return {
    first: estimate(repeated.map((losses) => mean(losses.subarray(start, start + period - 1)))),
    repeat: estimate(again!),
    control: estimate(without!),
    fall: estimateRatio(
      without!.map((x, s) => x - again![s]!),
      without!,
    ),
  };
}

/** The heads whose attention follows the repeat, the strongest first. */
export const followersOf = (heads: readonly FollowingHead[]): FollowingHead[] =>
  heads.filter(({ excess }) => excess.value > FOLLOWS).sort((a, b) => b.excess.value - a.excess.value);
